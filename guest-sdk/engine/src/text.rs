//! Text between JavaScript and Rust. JavaScript strings may hold lone surrogates, which UTF-8 cannot; they become U+FFFD here.

use javy::quickjs::{Value, qjs};

/// The value as ECMAScript's `ToString` gives it, in UTF-8. `None` leaves an exception pending.
pub fn to_string(value: &Value<'_>) -> Option<String> {
    let mut len = 0;
    let ctx = value.ctx().as_raw().as_ptr();
    // SAFETY: the value is live; the bytes are copied before they are freed.
    let bytes = unsafe {
        let pointer = qjs::JS_ToCStringLen(ctx, &raw mut len, value.as_raw());
        if pointer.is_null() {
            return None;
        }
        let bytes = std::slice::from_raw_parts(pointer.cast::<u8>(), len as usize).to_vec();
        qjs::JS_FreeCString(ctx, pointer);
        bytes
    };
    Some(String::from_utf8(bytes).unwrap_or_else(|error| repair(error.into_bytes())))
}

/// QuickJS writes a lone surrogate as three bytes (`ED A0..BF xx`): each such triple is one U+FFFD.
fn repair(mut bytes: Vec<u8>) -> String {
    let mut index = 0;
    while index + 2 < bytes.len() {
        if bytes[index] == 0xED && bytes[index + 1] >= 0xA0 {
            bytes[index..index + 3].copy_from_slice("\u{FFFD}".as_bytes());
            index += 3;
        } else {
            index += 1;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Appends `"name":"value"`.
pub fn json_field(out: &mut String, name: &str, value: &str) {
    out.push('"');
    out.push_str(name);
    out.push_str("\":");
    json_string(out, value);
}

/// Appends a JSON string literal (RFC 8259 §7).
pub fn json_string(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}
