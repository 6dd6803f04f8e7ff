//! One request and its response: what the prelude asks of them through the natives, in terms of `wasi:http`. The waiting is done in
//! `event_loop`.

use std::cell::RefCell;

use javy::quickjs::{Ctx, Function, Persistent};
use wasip2::cli::environment;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam, Scheme,
};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use crate::engine::{self, Single};
use crate::event_loop::{self, End};
use crate::failure::Failure;
use crate::{interrupt, output};

/// Bytes read from a request body at once.
const READ_BYTES: u64 = 64 << 10;

/// Bytes of header names and values a response may have: beyond its own limit the host ends the instance without a word.
const MAX_HEADER_BYTES: usize = 60 << 10;

/// A promise of JavaScript's that Rust settles.
pub struct Deferred {
    pub resolve: Persistent<Function<'static>>,
    pub reject: Persistent<Function<'static>>,
}

/// The response body on its way out.
pub struct Writing {
    // Before the body: a child resource must go first.
    pub stream: OutputStream,
    body: OutgoingBody,
}

/// The exchange an instance serves. An instance serves one.
#[derive(Default)]
pub struct Exchange {
    request: Option<IncomingRequest>,
    incoming: Option<(InputStream, IncomingBody)>,
    incoming_ended: bool,
    pub reading: Option<Deferred>,
    out: Option<ResponseOutparam>,
    head_only: bool,
    pub outgoing: Option<Writing>,
    pub writing: Option<(Vec<u8>, usize, Deferred)>,
    pub responded: bool,
    pub done: bool,
    env: Vec<(String, String)>,
}

static CURRENT: Single<RefCell<Option<Exchange>>> = Single::new(RefCell::new(None));

/// What a read or write came to.
pub enum Step {
    Pending,
    Chunk(Vec<u8>),
    Words(Vec<String>),
    End,
    Failed(String),
}

pub fn with<R>(body: impl FnOnce(&mut Exchange) -> R) -> Option<R> {
    CURRENT.borrow_mut().as_mut().map(body)
}

pub fn serve(request: IncomingRequest, out: ResponseOutparam) {
    let mut entrypoint = String::from("default");
    let mut env = environment::get_environment();
    env.retain_mut(|(name, value)| match name.as_str() {
        "ISOLET_RECORDS" => {
            output::set_records(true);
            false
        }
        "ISOLET_ENTRYPOINT" => {
            entrypoint = std::mem::take(value);
            false
        }
        _ => true,
    });
    let method = method_name(&request.method());
    let url = url_of(&request);
    let head_only = method == "HEAD";
    CURRENT.replace(Some(Exchange { request: Some(request), out: Some(out), head_only, env, ..Exchange::default() }));
    engine::with(|ctx| {
        let Some(main) = engine::main(&ctx) else {
            fail("startup_failed", &Failure::new("no code was loaded into this engine"));
            return;
        };
        let handle: Function<'_> = engine::hook(&ctx, |hooks| &hooks.handle);
        if let Err(error) = handle.call::<_, ()>((main, entrypoint, method, url)) {
            let failure = Failure::caught(&ctx, error);
            fail("exception", &failure);
            return;
        }
        match event_loop::run(&ctx) {
            End::Done => {}
            End::Interrupted => {
                fail("interrupted", &Failure { message: "interrupted".to_owned(), ..event_loop::last_error() })
            }
            End::Idle => {
                fail(
                    "no_response",
                    &Failure::new("the handler never answered, and nothing was pending that could make it"),
                );
            }
        }
    });
    finish();
}

/// The run failed. Before the head there is no response (the host answers for us, or under a plain host a 500); after it the
/// connection is cut.
pub fn fail(outcome: &str, failure: &Failure) {
    // The host's stop comes through here like any exception when the prelude was waiting for the handler.
    let outcome = if interrupt::interrupted() { "interrupted" } else { outcome };
    output::failed(outcome, failure);
    with(|exchange| {
        exchange.done = true;
        if let Some(out) = exchange.out.take() {
            exchange.responded = true;
            if output::records() {
                // The host knows from the record; this only has to end the wait.
                ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some(outcome.to_owned()))));
            } else {
                let response = OutgoingResponse::new(Fields::new());
                let _ = response.set_status_code(500);
                let body = response.body();
                ResponseOutparam::set(out, Ok(response));
                if let Ok(body) = body {
                    let _ = OutgoingBody::finish(body, None);
                }
            }
        }
        // Dropped without `finish`: the host cuts the connection instead of ending the body.
        exchange.outgoing = None;
    });
}

/// Ends what a handler left open.
fn finish() {
    CURRENT.replace(None);
}

impl Exchange {
    pub fn env(&self) -> Vec<String> {
        self.env.iter().flat_map(|(name, value)| [name.clone(), value.clone()]).collect()
    }

    /// Names and values in turn; bytes above 127 as the character of the same number (Fetch: isomorphic decode). `wasi:http` keeps the host
    /// apart, where code that was written for servers does not look for it.
    pub fn request_headers(&self) -> Vec<String> {
        let Some(request) = &self.request else { return Vec::new() };
        let host = request.authority().map(|authority| ["host".to_owned(), authority]);
        let entries = request.headers().entries().into_iter();
        let fields = entries.map(|(name, value)| [name, value.iter().map(|byte| char::from(*byte)).collect()]);
        host.into_iter().chain(fields.filter(|[name, _]| name != "host")).flatten().collect()
    }

    pub fn has_body(&self) -> bool {
        let Some(request) = &self.request else { return false };
        if matches!(request.method(), Method::Get | Method::Head) {
            return false;
        }
        let headers = request.headers();
        let length = headers.get("content-length");
        // Without a length there may be a chunked body; a length of zero is none.
        length.first().is_none_or(|length| length.as_slice() != b"0")
    }

    /// The next bytes of the request body, without waiting.
    pub fn read(&mut self) -> Step {
        if self.incoming_ended {
            return Step::End;
        }
        if self.incoming.is_none() {
            let Some(body) = self.request.as_ref().and_then(|request| request.consume().ok()) else {
                self.incoming_ended = true;
                return Step::End;
            };
            let Ok(stream) = body.stream() else { return Step::Failed("the request body cannot be read".to_owned()) };
            self.incoming = Some((stream, body));
        }
        let Some((stream, _)) = &self.incoming else { return Step::End };
        match stream.read(READ_BYTES) {
            Ok(bytes) if bytes.is_empty() => Step::Pending,
            Ok(bytes) => Step::Chunk(bytes),
            Err(StreamError::Closed) => {
                self.incoming_ended = true;
                Step::End
            }
            Err(StreamError::LastOperationFailed(error)) => {
                self.incoming_ended = true;
                Step::Failed(error.to_debug_string())
            }
        }
    }

    pub fn incoming_stream(&self) -> Option<&InputStream> {
        self.incoming.as_ref().map(|(stream, _)| stream)
    }

    /// Sends the response head, and the body when it is whole. `Err` says what is wrong with them.
    pub fn respond(
        &mut self,
        status: u16,
        headers: &[String],
        body: Option<&[u8]>,
        streaming: bool,
    ) -> Result<(), String> {
        let Some(out) = self.out.take() else { return Err("the response was sent already".to_owned()) };
        match self.head(status, headers, body, streaming) {
            Ok(response) => {
                let outgoing = response.body().map_err(|()| "the response has no body".to_owned())?;
                let stream = outgoing.write();
                ResponseOutparam::set(out, Ok(response));
                self.responded = true;
                let Ok(stream) = stream else { return Ok(()) };
                let writing = Writing { stream, body: outgoing };
                if streaming && !self.head_only {
                    self.outgoing = Some(writing);
                    return Ok(());
                }
                let body = if self.head_only { &[] } else { body.unwrap_or_default() };
                if write_all(&writing.stream, body).is_ok() {
                    close(writing);
                }
                Ok(())
            }
            Err(complaint) => {
                self.out = Some(out);
                Err(complaint)
            }
        }
    }

    fn head(
        &self,
        status: u16,
        headers: &[String],
        body: Option<&[u8]>,
        streaming: bool,
    ) -> Result<OutgoingResponse, String> {
        let bytes: usize = headers.iter().map(String::len).sum();
        if bytes > MAX_HEADER_BYTES {
            return Err(format!("the response has {bytes} bytes of headers; at most {MAX_HEADER_BYTES} are allowed"));
        }
        let fields = Fields::new();
        let sized = streaming || self.head_only || matches!(status, 101 | 103 | 204 | 205 | 304);
        for pair in headers.chunks_exact(2) {
            let value: Vec<u8> = pair[1].chars().map(|c| u8::try_from(c as u32).unwrap_or(b'?')).collect();
            if is_the_hosts(&pair[0]) {
                continue;
            }
            fields.append(&pair[0], &value).map_err(|error| format!("header `{}` was refused: {error:?}", pair[0]))?;
        }
        if !sized {
            let length = body.map_or(0, <[u8]>::len).to_string();
            fields
                .append("content-length", length.as_bytes())
                .map_err(|error| format!("the length was refused: {error:?}"))?;
        }
        let response = OutgoingResponse::new(fields);
        response.set_status_code(status).map_err(|()| format!("status {status} was refused"))?;
        Ok(response)
    }

    /// Writes what the host takes just now. `Pending` when there is more to write.
    pub fn write(&mut self) -> Step {
        let (Some(outgoing), Some((bytes, written, _))) = (&self.outgoing, &mut self.writing) else { return Step::End };
        while *written < bytes.len() {
            match outgoing.stream.check_write() {
                Ok(0) => return Step::Pending,
                Ok(room) => {
                    let end = bytes.len().min(*written + usize::try_from(room).unwrap_or(usize::MAX));
                    if outgoing.stream.write(&bytes[*written..end]).is_err() {
                        return Step::Failed("the client went away".to_owned());
                    }
                    *written = end;
                }
                Err(_) => return Step::Failed("the client went away".to_owned()),
            }
        }
        Step::End
    }

    pub fn close_body(&mut self) {
        if let Some(writing) = self.outgoing.take() {
            close(writing);
        }
    }
}

/// Fields about the connection and the framing, which are the host's (RFC 9110 §7.6.1), and what else `wasi:http` refuses (Wasmtime's
/// `DEFAULT_FORBIDDEN_HEADERS`). Frameworks set them all the same (`connection: keep-alive` with server-sent events), an echo passes the
/// request's `host` on; a length the guest claims could only be wrong.
fn is_the_hosts(name: &str) -> bool {
    const FIELDS: [&str; 11] = [
        "connection",
        "content-length",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field))
}

fn write_all(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        if room == 0 {
            stream.subscribe().block();
            continue;
        }
        let (head, tail) = bytes.split_at(bytes.len().min(room));
        stream.write(head)?;
        bytes = tail;
    }
    Ok(())
}

fn close(writing: Writing) {
    let Writing { stream, body } = writing;
    let _ = stream.flush();
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn method_name(method: &Method) -> String {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => name,
    }
    .to_owned()
}

fn url_of(request: &IncomingRequest) -> String {
    let scheme = match request.scheme() {
        None | Some(Scheme::Http) => "http".to_owned(),
        Some(Scheme::Https) => "https".to_owned(),
        Some(Scheme::Other(other)) => other,
    };
    let authority = request.authority().unwrap_or_else(|| "localhost".to_owned());
    let path = request.path_with_query().unwrap_or_else(|| "/".to_owned());
    format!("{scheme}://{authority}{path}")
}

/// A promise for JavaScript, and Rust's end of it.
pub fn deferred<'js>(ctx: &Ctx<'js>) -> javy::quickjs::Result<(javy::quickjs::Promise<'js>, Deferred)> {
    let (promise, resolve, reject) = ctx.promise()?;
    Ok((promise, Deferred { resolve: Persistent::save(ctx, resolve), reject: Persistent::save(ctx, reject) }))
}
