//! The text of Node's few modules. It lies here unread, and costs nothing, until a module imports one of them: then it is compiled as
//! if the user had sent it along. `js/builtins` has their sources, `isolet_modules::builtins` their names.

/// What only these modules may import: what the prelude lends them.
pub const INTERNALS: &str = "isolet:internals";

/// The text of a built-in module.
pub fn text(name: &str) -> Option<&'static str> {
    Some(match name {
        "node:assert" => include_str!("../builtins/assert.js"),
        "node:assert/strict" => "export * from 'node:assert'; export { strict as default } from 'node:assert';",
        "node:async_hooks" => include_str!("../builtins/async_hooks.js"),
        "node:buffer" => include_str!("../builtins/buffer.js"),
        "node:events" => include_str!("../builtins/events.js"),
        "node:path" => include_str!("../builtins/path.js"),
        "node:path/posix" => "export * from 'node:path'; export { default } from 'node:path';",
        "node:stream" => include_str!("../builtins/stream.js"),
        "node:stream/promises" => include_str!("../builtins/stream-promises.js"),
        "node:url" => include_str!("../builtins/url.js"),
        "node:util" => include_str!("../builtins/util.js"),
        "node:util/types" => include_str!("../builtins/util-types.js"),
        _ => return None,
    })
}
