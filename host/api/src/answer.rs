//! What handlers answer with: a status, a body of one type, and what goes with them. Failures are in `failure`.

use axum::response::{IntoResponse, Response};
use http::header::HeaderName;
use http::{HeaderValue, StatusCode, header};
use isolet_domain::ids::Digest;
use isolet_domain::service::admission::Standing;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::document::{Answers, Operation};
use crate::rate_limit::{self, Rate};
use crate::trail::Subject;

/// Which of the caller's preferences was honoured (RFC 7240 §3).
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// A type that an answer's body may be.
pub trait ResponseBody: Serialize + JsonSchema {
    /// Whether it shows a resource that can change, so that answers carry its `ETag`.
    const TAGGED: bool = false;
    /// The same of a list of them, which is then always whole.
    const LIST_TAGGED: bool = false;
    /// The name or id of what is shown, for the audit of a request whose address does not say.
    fn subject(&self) -> Option<String> {
        None
    }
}

/// 200 with a body.
pub struct Answer<T>(pub T);

/// 201 with a body.
pub struct Created<T>(pub T);

/// What was put: 201 where it is new, 200 where it was there.
pub struct Put<T> {
    pub created: bool,
    pub value: T,
}

/// 202 without a body: it goes on.
pub struct Accepted;

/// 204.
pub struct NoContent;

/// A strong validator of what is answered (RFC 9110 §8.8.3): of its JSON, whose fields always come in the same order.
pub fn etag(bytes: &[u8]) -> String {
    format!("\"{}\"", &Digest::of(bytes).to_hex()[..32])
}

/// The validator that an answer with this body carries.
pub fn etag_of(value: &impl ResponseBody) -> String {
    etag(&written(value))
}

fn written(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("wire types have string keys and plain values")
}

fn with_body<T: ResponseBody>(status: StatusCode, value: &T) -> Response {
    let bytes = written(value);
    let tag = T::TAGGED.then(|| etag(&bytes));
    let mut response = (status, bytes).into_response();
    if let Some(subject) = value.subject() {
        response.extensions_mut().insert(Subject(subject));
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        headers.insert(header::ETAG, tag);
    }
    response
}

fn describe<T: ResponseBody>(operation: &mut Operation<'_>, status: u16, description: &'static str) {
    let success = operation.answers::<T>(status, description);
    if T::TAGGED {
        success.with_header("etag");
    }
}

impl<T: ResponseBody> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        with_body(StatusCode::OK, &self.0)
    }
}

impl<T: ResponseBody> Answers for Answer<T> {
    fn describe(operation: &mut Operation<'_>) {
        describe::<T>(operation, 200, "As it is.");
    }
}

impl<T: ResponseBody> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        with_body(StatusCode::CREATED, &self.0)
    }
}

impl<T: ResponseBody> Answers for Created<T> {
    fn describe(operation: &mut Operation<'_>) {
        describe::<T>(operation, 201, "Made.");
    }
}

impl<T: ResponseBody> IntoResponse for Put<T> {
    fn into_response(self) -> Response {
        with_body(if self.created { StatusCode::CREATED } else { StatusCode::OK }, &self.value)
    }
}

impl<T: ResponseBody> Answers for Put<T> {
    fn describe(operation: &mut Operation<'_>) {
        describe::<T>(operation, 200, "It was there.");
        describe::<T>(operation, 201, "Made.");
    }
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        StatusCode::ACCEPTED.into_response()
    }
}

impl Answers for Accepted {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers_empty(202, "Begun.");
    }
}

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl Answers for NoContent {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers_empty(204, "Done.");
    }
}

/// An answer that counted towards a rate.
pub struct Rated<T> {
    pub answer: T,
    pub rate: Rate,
    pub standing: Standing,
}

impl<T: IntoResponse> IntoResponse for Rated<T> {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
        rate_limit::tell(response.headers_mut(), self.rate, self.standing);
        response
    }
}

impl<T: Answers> Answers for Rated<T> {
    fn describe(operation: &mut Operation<'_>) {
        T::describe(operation);
        operation.every_success_has(&["ratelimit-policy", "ratelimit"]);
    }
}

/// Text in a format of its own.
pub struct Text<F> {
    pub text: String,
    pub format: std::marker::PhantomData<F>,
}

/// A text format, by its media type.
pub trait TextFormat {
    const MEDIA_TYPE: &'static str;
    /// As it stands in the document, without parameters.
    const DOCUMENTED: &'static str;
}

impl<F: TextFormat> From<String> for Text<F> {
    fn from(text: String) -> Self {
        Self { text, format: std::marker::PhantomData }
    }
}

impl<F: TextFormat> IntoResponse for Text<F> {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, F::MEDIA_TYPE)], self.text).into_response()
    }
}

impl<F: TextFormat> Answers for Text<F> {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers_as(200, "As it is.", F::DOCUMENTED, json!({ "type": "string" }));
    }
}
