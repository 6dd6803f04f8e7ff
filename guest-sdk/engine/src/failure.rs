//! An error of the tenant's code on its way out: message, stack, and the first position in the stack that is the tenant's own.

use javy::quickjs::{Ctx, Error, Object, Value};

use crate::text;

/// QuickJS' own words.
const OUT_OF_MEMORY: &str = "InternalError: out of memory";

#[derive(Clone, Default)]
pub struct Failure {
    pub message: String,
    pub stack: String,
}

/// A place in the tenant's code.
pub struct Position<'a> {
    pub file: &'a str,
    pub line: u32,
    pub column: u32,
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), stack: String::new() }
    }

    /// What a failed call left as the pending exception.
    pub fn caught(ctx: &Ctx<'_>, error: Error) -> Self {
        match error {
            Error::Exception => {
                let value = ctx.catch();
                // What QuickJS throws when there is no memory left for an error object.
                if value.is_null() { Self::new(OUT_OF_MEMORY) } else { Self::of_value(&value) }
            }
            other => Self::new(other.to_string()),
        }
    }

    /// A thrown value in words. Reads properties that a hostile object may have made throw; those are left out.
    pub fn of_value(value: &Value<'_>) -> Self {
        let ctx = value.ctx();
        if value.is_null() {
            return Self::new("Uncaught null");
        }
        let Some(object) = value.as_object().filter(|_| value.is_error()) else {
            let shown = text::to_string(value).unwrap_or_else(|| {
                ctx.catch();
                "a value that cannot be shown".to_owned()
            });
            return Self::new(format!("Uncaught {shown}"));
        };
        let name = property(object, "name").unwrap_or_else(|| "Error".to_owned());
        let message = property(object, "message").unwrap_or_default();
        let stack = property(object, "stack").unwrap_or_default();
        let stack = user_frames(behind(&stack, &message));
        let message = match (&name[..], &message[..]) {
            (_, "") => name,
            ("", _) => message,
            _ => format!("{name}: {message}"),
        };
        Self { message, stack }
    }

    pub fn to_json(&self) -> String {
        let mut out = String::from("{");
        text::json_field(&mut out, "message", &self.message);
        out.push(',');
        text::json_field(&mut out, "stack", &self.stack);
        if let Some(position) = first_position(&self.stack) {
            out.push(',');
            text::json_field(&mut out, "file", position.file);
            out.push_str(&format!(",\"line\":{},\"column\":{}", position.line, position.column));
        }
        out.push('}');
        out
    }
}

fn property(object: &Object<'_>, name: &str) -> Option<String> {
    let value: Option<Value<'_>> = object.get(name).ok();
    let shown = value.filter(|value| value.is_string()).and_then(|value| text::to_string(&value));
    if shown.is_none() {
        object.ctx().catch();
    }
    shown
}

/// What of the stack is behind the message that it begins with: that may have lines that look like frames.
fn behind<'s>(stack: &'s str, message: &str) -> &'s str {
    match stack.split_once(message) {
        Some((before, behind)) if !message.is_empty() && !before.contains('\n') => behind,
        _ => stack,
    }
}

/// The stack without the engine's own frames, and without the text that `JSON.parse` was given, which is no file of anybody's. What is
/// before its frames goes; text without any stays as it is.
pub fn user_frames(stack: &str) -> String {
    const NOT_THE_USERS: [&str; 3] = ["(isolet:", "at isolet:", "at <input>:"];
    let mut out = String::new();
    let is_frame = |line: &str| line.trim_start().starts_with("at ");
    let has_frames = stack.lines().any(is_frame);
    let stack = stack.lines().filter(|line| is_frame(line) || !has_frames);
    for line in stack.filter(|line| !NOT_THE_USERS.iter().any(|part| line.contains(part))) {
        if !line.trim().is_empty() && !line.ends_with("(native)") {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}

/// The first `file:line:column` of a stack that is not the engine's own.
pub fn first_position(stack: &str) -> Option<Position<'_>> {
    stack.lines().find_map(|line| {
        let place = line.trim().strip_prefix("at ")?;
        let place = place.rsplit_once('(').map_or(place, |(_, inner)| inner.trim_end_matches(')'));
        if place.starts_with("isolet:") {
            return None;
        }
        let (head, last) = place.rsplit_once(':')?;
        let last = last.parse().ok()?;
        match head.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?))) {
            Some((file, line)) => Some(Position { file, line, column: last }),
            None => Some(Position { file: head, line: last, column: 0 }),
        }
    })
}
