//! What a handler's signature says: its arguments are parts of a request, its result is answers.

use axum::extract::State;

use super::operation::Operation;
use crate::catalogue as rows;
use crate::failure::Failure;
use crate::state::AppState;

/// An argument of a handler. What has no description cannot be one.
pub trait Part {
    fn describe(operation: &mut Operation<'_>);
}

/// A result of a handler.
pub trait Answers {
    fn describe(operation: &mut Operation<'_>);
}

/// A handler; `T` is axum's own list of its arguments.
pub trait Described<T> {
    fn describe(&self, operation: &mut Operation<'_>);
}

impl Part for State<AppState> {
    fn describe(_: &mut Operation<'_>) {}
}

impl<T: Answers> Answers for Result<T, Failure> {
    fn describe(operation: &mut Operation<'_>) {
        operation.fails(&[rows::INTERNAL]);
        T::describe(operation);
    }
}

// `()` in axum's list stands where there are no arguments.
impl<F, Fut> Described<((),)> for F
where
    F: FnOnce() -> Fut,
    Fut: Future,
    Fut::Output: Answers,
{
    fn describe(&self, operation: &mut Operation<'_>) {
        Fut::Output::describe(operation);
    }
}

macro_rules! handlers {
    ($($($part:ident)*;)*) => { $(
        impl<F, Fut, M, $($part),*> Described<(M, $($part,)*)> for F
        where
            F: FnOnce($($part),*) -> Fut,
            Fut: Future,
            Fut::Output: Answers,
            $($part: Part,)*
        {
            fn describe(&self, operation: &mut Operation<'_>) {
                $($part::describe(operation);)*
                Fut::Output::describe(operation);
            }
        }
    )* };
}

handlers! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E G;
    A B C D E G H;
}
