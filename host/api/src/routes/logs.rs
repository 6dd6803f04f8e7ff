//! A tenant's log: a page of it, or as it comes. As server-sent events (HTML standard §9.2) a record is a `log` with its id, and
//! `dropped` says how many are missing; as lines of JSON that is an object with `dropped` alone.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use isolet_domain::access::Scope;
use isolet_domain::log::LogPosition;
use isolet_domain::service::logs::{Tail, TailEvent};
use serde_json::json;
use tokio::time::Instant;

use super::log_query::{LogQuery, Stream};
use crate::answer::Answer;
use crate::caller::{Among, Token, needs};
use crate::cursor::encode;
use crate::document::{Answers, Operation};
use crate::failure::Failure;
use crate::sender::Sender;
use crate::state::AppState;
use crate::wire::List;
use crate::wire::logs::LogRecordResponse;

/// A comment is sent when nothing else was for so long, so that proxies keep the connection; and whoever listens is asked for again.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The longest that a refused one goes on listening.
const ASKED_AGAIN: Duration = Duration::from_secs(5);

pub async fn list_logs(
    State(app): State<AppState>,
    Among(found): Among<needs::LogsRead>,
    Token(token): Token,
    sender: Sender,
    query: LogQuery,
) -> Result<LogAnswer, Failure> {
    let within = found.credential.bounds.functions.clone();
    match query {
        LogQuery::Page { mut filter, list } => {
            filter.within = within;
            let name = format!("logs {} {filter:?}", found.scope.id());
            let before = list.after(&name, LogPosition::parse)?;
            let page = app.platform().logs.search(&found.scope, &filter, before, list.limit).await?;
            let data = page.records.into_iter().map(|(at, record)| LogRecordResponse::new(at, record)).collect();
            let next_cursor = page.next.map(|next| encode(&name, &next.to_string()));
            Ok(LogAnswer::Page(List { data, next_cursor }))
        }
        LogQuery::Tail { mut filter, after, stream } => {
            filter.within = within;
            let tail = app.platform().logs.tail(&found.scope, *filter, after).await?;
            let now = Instant::now();
            let listening = Listening { app, token, sender, tail, stream, spoke: now, asked: now, begun: false };
            Ok(LogAnswer::Stream(stream, listening.into_body()))
        }
    }
}

/// Somebody who listens.
struct Listening {
    app: AppState,
    token: String,
    sender: Sender,
    tail: Tail,
    stream: Stream,
    /// When something was sent last.
    spoke: Instant,
    /// When it was last asked whether they still may.
    asked: Instant,
    begun: bool,
}

impl Listening {
    fn into_body(self) -> Body {
        Body::from_stream(futures_util::stream::unfold(self, |mut listening| async move {
            let bytes = listening.next().await?;
            listening.spoke = Instant::now();
            Some((Ok::<_, Infallible>(bytes), listening))
        }))
    }

    /// What is to be sent next; nothing at the end, after which a client comes back with the last id it has.
    async fn next(&mut self) -> Option<Bytes> {
        if !std::mem::replace(&mut self.begun, true) && self.stream == Stream::Events {
            return Some(Bytes::from_static(b"retry: 1000\n\n"));
        }
        loop {
            if self.app.is_draining() || !self.may_listen().await {
                return None;
            }
            let events = self.tail.next().await.ok()?;
            if !events.is_empty() {
                let written: String = events.into_iter().map(|event| written(event, self.stream)).collect();
                return Some(written.into());
            }
            if self.stream == Stream::Events && self.spoke.elapsed() >= KEEP_ALIVE {
                return Some(Bytes::from_static(b":\n\n"));
            }
        }
    }

    async fn may_listen(&mut self) -> bool {
        if self.asked.elapsed() < ASKED_AGAIN {
            return true;
        }
        self.asked = Instant::now();
        let credential = self.app.platform().sign_in.authenticate(&self.token, self.sender.address).await;
        credential.is_ok_and(|credential| credential.allows(Scope::LogsRead))
    }
}

/// JSON has no line break of its own, so one line holds it.
fn written(event: TailEvent, stream: Stream) -> String {
    match event {
        TailEvent::Record(position, record) => {
            let record = LogRecordResponse::new(position, *record);
            let json = serde_json::to_string(&record).expect("wire types have string keys and plain values");
            match stream {
                Stream::Events => format!("event: log\nid: {position}\ndata: {json}\n\n"),
                Stream::Lines => json + "\n",
            }
        }
        TailEvent::Dropped(count) => match stream {
            Stream::Events => format!("event: dropped\ndata: {{\"count\":{count}}}\n\n"),
            Stream::Lines => format!("{{\"dropped\":{count}}}\n"),
        },
    }
}

/// A page, or what comes.
pub enum LogAnswer {
    Page(List<LogRecordResponse>),
    Stream(Stream, Body),
}

impl IntoResponse for LogAnswer {
    fn into_response(self) -> Response {
        match self {
            Self::Page(page) => Answer(page).into_response(),
            Self::Stream(stream, body) => {
                let media_type = match stream {
                    Stream::Events => "text/event-stream",
                    Stream::Lines => "application/x-ndjson",
                };
                ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-store")], body).into_response()
            }
        }
    }
}

impl Answers for LogAnswer {
    fn describe(operation: &mut Operation<'_>) {
        let description = "The records: a page of them, or each as it comes where `Accept` asks for that.";
        operation.answers::<List<LogRecordResponse>>(200, description);
        for media_type in ["text/event-stream", "application/x-ndjson"] {
            operation.answers_as(200, description, media_type, json!({ "type": "string" }));
        }
    }
}
