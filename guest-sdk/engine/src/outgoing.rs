//! Requests that JavaScript makes: what the prelude's `fetch` asks of them through the natives, in terms of `wasi:http`. The waiting
//! is done in `event_loop`; redirects, encodings and everything else that is the Fetch standard's are in the prelude.

use std::cell::RefCell;
use std::collections::BTreeMap;

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    Scheme,
};
use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use crate::engine::Single;
use crate::exchange::{Deferred, Step};

/// Bytes read from a response body at once.
const READ_BYTES: u64 = 64 << 10;

/// One request on its way. Fields are in the order in which the host wants them back: children before what they belong to.
struct Call {
    reading: Option<Deferred>,
    writing: Option<(Vec<u8>, usize, Deferred)>,
    waiting: Option<Deferred>,
    incoming: Option<(InputStream, IncomingBody)>,
    outgoing: Option<(OutputStream, OutgoingBody)>,
    response: Option<IncomingResponse>,
    future: Option<FutureIncomingResponse>,
    /// The body ends when what is being written is out.
    ending: bool,
}

static CALLS: Single<RefCell<BTreeMap<u32, Call>>> = Single::new(RefCell::new(BTreeMap::new()));

/// What a request is, apart from its body.
pub struct Head<'a> {
    pub method: &'a str,
    pub scheme: &'a str,
    pub authority: &'a str,
    pub path: &'a str,
    /// Names and values in turn, values with one character per byte.
    pub headers: &'a [String],
}

/// Sends a request's head; its body, if it has one, is written afterwards. Gives the request's number.
pub fn start(head: &Head<'_>, has_body: bool) -> Result<u32, String> {
    let fields = Fields::new();
    // The host is the address's (Fetch: a forbidden request-header); copies of a request that came in have that one's.
    for pair in head.headers.chunks_exact(2).filter(|pair| pair[0] != "host") {
        let value: Vec<u8> = pair[1].chars().map(|c| u8::try_from(c as u32).unwrap_or(b'?')).collect();
        fields.append(&pair[0], &value).map_err(|error| format!("header `{}` was refused: {error:?}", pair[0]))?;
    }
    let request = OutgoingRequest::new(fields);
    let scheme = if head.scheme == "https" { Scheme::Https } else { Scheme::Http };
    let set = request
        .set_method(&method(head.method))
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(head.authority)))
        .and_then(|()| request.set_path_with_query(Some(head.path)));
    set.map_err(|()| "the request's method or address was refused".to_owned())?;
    let mut outgoing = None;
    if has_body {
        let body = request.body().map_err(|()| "the request can have no body".to_owned())?;
        let stream = body.write().map_err(|()| "the request's body cannot be written".to_owned())?;
        outgoing = Some((stream, body));
    }
    let future = outgoing_handler::handle(request, None).map_err(|error| describe(&error))?;
    let call = Call {
        reading: None,
        writing: None,
        waiting: None,
        incoming: None,
        outgoing,
        response: None,
        future: Some(future),
        ending: false,
    };
    let mut calls = CALLS.borrow_mut();
    let id = calls.last_key_value().map_or(0, |(last, _)| last + 1);
    calls.insert(id, call);
    Ok(id)
}

/// Lets `deferred` have the response's head: its status, then names and values in turn.
pub fn await_head(id: u32, deferred: Deferred) -> bool {
    with(id, |call| call.waiting = Some(deferred)).is_some()
}

/// Lets `deferred` have the next bytes of the response's body.
pub fn await_chunk(id: u32, deferred: Deferred) -> bool {
    with(id, |call| call.reading = Some(deferred)).is_some()
}

/// Writes a chunk of the request's body and settles `deferred` when the host has taken it.
pub fn write(id: u32, bytes: Vec<u8>, deferred: Deferred) -> bool {
    with(id, |call| call.writing = Some((bytes, 0, deferred))).is_some()
}

/// Ends the request's body.
pub fn end(id: u32) {
    with(id, |call| {
        call.ending = true;
        call.end_if_written();
    });
}

/// Drops the request wherever it stands; the host closes its connection.
pub fn cancel(id: u32) {
    let call = CALLS.borrow_mut().remove(&id);
    drop(call);
}

/// The first of the pending promises that can be settled without waiting, and what with.
pub fn settled() -> Option<(Deferred, Step)> {
    CALLS.borrow_mut().values_mut().find_map(Call::progress)
}

/// What to wait for.
pub fn pollables() -> Vec<Pollable> {
    let calls = CALLS.borrow();
    let mut pollables = Vec::new();
    for call in calls.values() {
        let head = call.waiting.as_ref().and(call.future.as_ref()).map(FutureIncomingResponse::subscribe);
        let read = call.reading.as_ref().and(call.incoming.as_ref()).map(|(stream, _)| stream.subscribe());
        let write = call.writing.as_ref().and(call.outgoing.as_ref()).map(|(stream, _)| stream.subscribe());
        pollables.extend(head.into_iter().chain(read).chain(write));
    }
    pollables
}

fn with<R>(id: u32, body: impl FnOnce(&mut Call) -> R) -> Option<R> {
    CALLS.borrow_mut().get_mut(&id).map(body)
}

impl Call {
    fn progress(&mut self) -> Option<(Deferred, Step)> {
        if self.waiting.is_some()
            && let Some(step) = self.head()
        {
            return Some((self.waiting.take()?, step));
        }
        if self.writing.is_some()
            && let Some(step) = self.push()
        {
            let (_, _, deferred) = self.writing.take()?;
            self.end_if_written();
            return Some((deferred, step));
        }
        if self.reading.is_some()
            && let Some(step) = self.pull()
        {
            return Some((self.reading.take()?, step));
        }
        None
    }

    fn head(&mut self) -> Option<Step> {
        let Some(future) = &self.future else { return Some(Step::Failed("the response was taken already".to_owned())) };
        let response = match future.get()? {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Some(Step::Failed(describe(&error))),
            Err(()) => return Some(Step::Failed("the response was taken already".to_owned())),
        };
        let mut words = vec![response.status().to_string()];
        for (name, value) in response.headers().entries() {
            words.push(name);
            words.push(value.iter().map(|byte| char::from(*byte)).collect());
        }
        let Ok(body) = response.consume() else { return Some(Step::Failed("the response has no body".to_owned())) };
        let Ok(stream) = body.stream() else { return Some(Step::Failed("the response cannot be read".to_owned())) };
        self.incoming = Some((stream, body));
        self.response = Some(response);
        Some(Step::Words(words))
    }

    fn pull(&mut self) -> Option<Step> {
        let Some((stream, _)) = &self.incoming else { return Some(Step::End) };
        match stream.read(READ_BYTES) {
            Ok(bytes) if bytes.is_empty() => None,
            Ok(bytes) => Some(Step::Chunk(bytes)),
            Err(StreamError::Closed) => Some(Step::End),
            Err(StreamError::LastOperationFailed(error)) => {
                // The host's own words where it has some, as for its limits.
                let code = wasip2::http::types::http_error_code(&error);
                Some(Step::Failed(code.map_or_else(|| error.to_debug_string(), |code| describe(&code))))
            }
        }
    }

    fn push(&mut self) -> Option<Step> {
        let (Some((stream, _)), Some((bytes, written, _))) = (&self.outgoing, &mut self.writing) else {
            return Some(Step::Failed("the request's body is closed".to_owned()));
        };
        while *written < bytes.len() {
            let room = match stream.check_write() {
                Ok(0) => return None,
                Ok(room) => usize::try_from(room).unwrap_or(usize::MAX),
                Err(_) => return Some(Step::Failed("the server takes no more of the request".to_owned())),
            };
            let end = bytes.len().min(written.saturating_add(room));
            if stream.write(&bytes[*written..end]).is_err() {
                return Some(Step::Failed("the server takes no more of the request".to_owned()));
            }
            *written = end;
        }
        Some(Step::End)
    }

    fn end_if_written(&mut self) {
        if self.ending
            && self.writing.is_none()
            && let Some((stream, body)) = self.outgoing.take()
        {
            let _ = stream.flush();
            drop(stream);
            let _ = OutgoingBody::finish(body, None);
        }
    }
}

/// What the host says of itself stands alone; the standard's codes in words.
fn describe(error: &ErrorCode) -> String {
    match error {
        ErrorCode::InternalError(Some(message)) => message.clone(),
        ErrorCode::HttpRequestDenied => "requests to the outside are not allowed here".to_owned(),
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) => "the host's name was not found".to_owned(),
        ErrorCode::ConnectionRefused => "the connection was refused".to_owned(),
        ErrorCode::ConnectionTimeout => "the connection took too long".to_owned(),
        ErrorCode::ConnectionTerminated => "the connection ended too early".to_owned(),
        ErrorCode::HttpResponseIncomplete => "the response ended too early".to_owned(),
        ErrorCode::HttpResponseTimeout => "the response took too long".to_owned(),
        ErrorCode::TlsCertificateError => "the server's certificate is not valid for it".to_owned(),
        other => format!("{other:?}"),
    }
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}
