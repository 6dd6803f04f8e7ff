//! A registered handler: the one thing that both the router and the document are made of.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, any, on};
use http::Method;
use isolet_domain::access::Scope;
use serde_json::json;

use super::operation::{Operation, Schemas};
use super::query::Declared;
use super::signature::Described;
use crate::catalogue::{self as rows, Row};
use crate::state::AppState;

/// The methods that an operation for any method is documented with.
const DOCUMENTED: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

type Describe = Box<dyn Fn(&mut Operation<'_>)>;

pub struct Endpoint {
    path: &'static str,
    /// Each with its operation id.
    pub(super) methods: Vec<(Method, String)>,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    describe: Describe,
    route: MethodRouter<AppState>,
    around: Around,
}

/// What is put around a handler.
#[derive(Clone, Copy)]
pub struct Around {
    /// The operation's name, where what it does is written into the audit.
    pub recorded: Option<&'static str>,
    /// Bytes of its body, where the request may name itself.
    pub repeatable: Option<usize>,
    /// The scope without which nothing comes of it.
    pub needs: Option<Scope>,
}

impl Endpoint {
    pub fn new<T: 'static, H>(
        method: Method,
        path: &'static str,
        tag: &'static str,
        id: &'static str,
        summary: &'static str,
        problems: &'static [&'static [Row]],
        handler: H,
    ) -> Self
    where
        H: Handler<T, AppState> + Described<T>,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("axum routes every method that `http` names");
        let describe = described(problems, handler.clone());
        let needs = needed(&describe);
        let recorded = (!matches!(method, Method::GET | Method::HEAD | Method::OPTIONS)).then_some(id);
        Self {
            path,
            methods: vec![(method, id.to_owned())],
            tag,
            summary,
            describe,
            route: on(filter, handler),
            around: Around { recorded, repeatable: None, needs },
        }
    }

    /// Whatever the method. An id for each that is documented is made of this one.
    pub fn any<T: 'static, H>(
        path: &'static str,
        tag: &'static str,
        id: &'static str,
        summary: &'static str,
        problems: &'static [&'static [Row]],
        handler: H,
    ) -> Self
    where
        H: Handler<T, AppState> + Described<T>,
    {
        let id = |method: Method| {
            let id = format!("{id}_{}", method.as_str().to_ascii_lowercase());
            (method, id)
        };
        let methods = DOCUMENTED.into_iter().map(id).collect();
        let describe = described(problems, handler.clone());
        let around = Around { recorded: None, repeatable: None, needs: needed(&describe) };
        Self { path, methods, tag, summary, describe, route: any(handler), around }
    }

    /// It runs or looks at something and changes nothing that is to be accounted for.
    #[must_use]
    pub fn unrecorded(self) -> Self {
        Self { around: Around { recorded: None, ..self.around }, ..self }
    }

    /// It makes something, and honours an `Idempotency-Key`; its body has at most so many bytes.
    #[must_use]
    pub fn repeatable(self, body_bytes: usize) -> Self {
        Self { around: Around { repeatable: Some(body_bytes), ..self.around }, ..self }
    }

    /// The path as OpenAPI writes it: it has no parameter that spans segments.
    pub(super) fn path(&self) -> String {
        self.path.replace("{*", "{")
    }

    /// The parameters of its query; none where that is a guest's.
    fn declared(&self) -> Option<Declared> {
        let mut schemas = Schemas::default();
        let mut operation = Operation::new(&mut schemas);
        (self.describe)(&mut operation);
        operation.passed_on.is_none().then(|| Declared::new(operation.query_names()))
    }

    /// The operation, with what is true of every one.
    pub(super) fn operation<'s>(&self, method: &Method, schemas: &'s mut Schemas) -> Operation<'s> {
        let mut operation = Operation::new(schemas);
        (self.describe)(&mut operation);
        if self.path.contains("{*path}") {
            operation.in_path("path", json!({ "type": "string" }));
        }
        operation.fails(&[rows::INVALID_HOST, rows::MISDIRECTED, rows::ADDRESS_TOO_LONG, rows::INTERNAL]);
        if operation.passed_on.is_none() {
            // A query with what is not declared.
            operation.fails(&[rows::MALFORMED]);
        }
        if !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            operation.fails(&[rows::CROSS_SITE]);
        }
        if self.around.recorded.is_some() {
            operation.fails(&[rows::TOO_MANY_CHANGES]);
        }
        if self.around.repeatable.is_some() {
            let description =
                "A text of the caller's own: within 24 hours, the same request with the same key is done once.";
            operation.in_header(
                "idempotency-key",
                description,
                json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
            );
            operation.fails(&[rows::IN_FLIGHT, rows::REUSED, rows::NOT_KEPT, rows::TOO_MANY_KEYS, rows::MALFORMED]);
            // Its body is read to be recognised, also where the handler takes none.
            operation.fails(&[rows::BODY_TOO_LARGE, rows::BODY_TOO_SLOW, rows::OVERLOADED]);
            operation.every_success_has(&["idempotent-replayed"]);
        }
        operation
    }
}

fn described<T: 'static, H: Described<T> + 'static>(problems: &'static [&'static [Row]], handler: H) -> Describe {
    Box::new(move |operation| {
        handler.describe(operation);
        for rows in problems {
            operation.fails(rows);
        }
    })
}

fn needed(describe: &Describe) -> Option<Scope> {
    let mut schemas = Schemas::default();
    let mut operation = Operation::new(&mut schemas);
    describe(&mut operation);
    operation.scopes.first().copied()
}

/// The routes below `prefix`, which is taken off their paths, and all others, each with what `wrapped` puts around it.
pub fn routers(
    endpoints: &[Endpoint],
    prefix: &str,
    wrapped: impl Fn(MethodRouter<AppState>, Around, Option<Declared>) -> MethodRouter<AppState>,
) -> (Router<AppState>, Router<AppState>) {
    let (mut below, mut others) = (Router::new(), Router::new());
    for endpoint in endpoints {
        let route = wrapped(endpoint.route.clone(), endpoint.around, endpoint.declared());
        match endpoint.path.strip_prefix(prefix).filter(|path| path.starts_with('/')) {
            Some(path) => below = with_route(below, path, route),
            None => others = with_route(others, endpoint.path, route),
        }
    }
    (below, others)
}

fn with_route(router: Router<AppState>, path: &str, route: MethodRouter<AppState>) -> Router<AppState> {
    let router = router.route(path, route.clone());
    // Where a path may follow, an empty one may too.
    match path.strip_suffix("{*path}") {
        Some(base) => router.route(base, route),
        None => router,
    }
}
