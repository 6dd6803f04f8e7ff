//! What leaves the guest beside the response: console lines and failures, through `wasi:cli/stderr`. Under isolet each is one JSON
//! record a line; under any other host console text comes out as it is.

use std::cell::{Cell, RefCell};

use wasip2::cli::stderr::{OutputStream, get_stderr};

use crate::engine::Single;
use crate::failure::{Failure, first_position};
use crate::text;

static STREAM: Single<RefCell<Option<OutputStream>>> = Single::new(RefCell::new(None));
static RECORDS: Single<Cell<bool>> = Single::new(Cell::new(false));

/// Whether the host asked for records (the variable `ISOLET_RECORDS`).
pub fn set_records(on: bool) {
    RECORDS.set(on);
}

pub fn records() -> bool {
    RECORDS.get()
}

/// A line of the tenant's console. `stack` tells where it was written.
pub fn console(level: &str, message: &str, stack: &str) {
    if !records() {
        write(format!("{message}\n").as_bytes());
        return;
    }
    let mut line = String::from("{\"kind\":\"log\",");
    text::json_field(&mut line, "level", level);
    line.push(',');
    text::json_field(&mut line, "message", message);
    if let Some(position) = first_position(stack) {
        line.push(',');
        text::json_field(&mut line, "file", position.file);
        line.push_str(&format!(",\"line\":{},\"column\":{}", position.line, position.column));
    }
    line.push_str("}\n");
    write(line.as_bytes());
}

/// The run failed. `outcome` is one of the host's names for how.
pub fn failed(outcome: &str, failure: &Failure) {
    if records() {
        let json = failure.to_json();
        write(format!("{{\"kind\":\"failed\",\"outcome\":\"{outcome}\",\"error\":{json}}}\n").as_bytes());
    } else {
        write(format!("{outcome}: {}\n{}", failure.message, failure.stack).as_bytes());
    }
}

/// Lets go of the stream that start-up wrote to: an instance has handles of its own, and the number of this one means another thing there.
pub fn forget_stream() {
    if let Some(stream) = STREAM.take() {
        // Nobody is there to take it back.
        std::mem::forget(stream);
    }
}

fn write(mut bytes: &[u8]) {
    let mut stream = STREAM.borrow_mut();
    let stream = stream.get_or_insert_with(get_stderr);
    while !bytes.is_empty() {
        // 4,096 bytes is what one such call takes (wasi:io/streams).
        let (head, tail) = bytes.split_at(bytes.len().min(4096));
        if stream.blocking_write_and_flush(head).is_err() {
            return;
        }
        bytes = tail;
    }
}
