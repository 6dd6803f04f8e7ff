//! A page for each code that a problem document can have: what it means and what to do. All text comes from `catalogue`.

use std::fmt::Write as _;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderValue};
use http::request::Parts;
use serde_json::json;

use crate::answer::{Text, TextFormat};
use crate::catalogue::{self, Row};
use crate::console::nonce;
use crate::document::{Answers, Operation, Part};
use crate::failure::Failure;

const STYLE: &str = "
:root { color-scheme: light dark; font: 100%/1.6 system-ui, sans-serif; }
body { max-width: 42rem; margin: 3rem auto; padding: 0 1.25rem; }
h1 { line-height: 1.25; }
code { font-family: ui-monospace, monospace; font-size: 0.95em; }
dt { margin-top: 1rem; }
";

/// A code of the catalogue, from the path.
pub struct Code(&'static str);

impl<S: Send + Sync> FromRequestParts<S> for Code {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let given = parts.uri.path().rsplit('/').next().unwrap_or_default();
        catalogue::ALL.iter().find(|row| row.code == given).map(|row| Self(row.code)).ok_or(Failure::NoRoute)
    }
}

impl Part for Code {
    fn describe(operation: &mut Operation<'_>) {
        let mut codes: Vec<&str> = catalogue::ALL.iter().map(|row| row.code).collect();
        codes.sort_unstable();
        codes.dedup();
        operation.in_path("code", json!({ "type": "string", "enum": codes }));
        operation.fails(&[catalogue::NOT_FOUND]);
    }
}

/// A page without scripts, images or anything from elsewhere.
pub struct Page {
    title: &'static str,
    body: String,
}

struct Html;

impl TextFormat for Html {
    const MEDIA_TYPE: &'static str = "text/html; charset=utf-8";
    const DOCUMENTED: &'static str = "text/html";
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let (nonce, title) = (nonce(), prose(self.title));
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width\">\n<title>{title} · isolet</title>\n<style nonce=\"{nonce}\">{STYLE}</style>\n\
             <main>\n{}</main>\n",
            self.body
        );
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'"
        );
        let mut response = Text::<Html> { text: html, format: PhantomData }.into_response();
        let policy = HeaderValue::from_str(&policy).expect("a policy of ASCII is a valid value");
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        response
    }
}

impl Answers for Page {
    fn describe(operation: &mut Operation<'_>) {
        Text::<Html>::describe(operation);
    }
}

pub async fn get_problem(Code(code): Code) -> Result<Page, Failure> {
    let rows: Vec<&Row> = catalogue::ALL.iter().filter(|row| row.code == code).collect();
    let title = rows.first().ok_or(Failure::NoRoute)?.title;
    let mut body = format!("<p><a href=\"/problems\">Problems</a></p>\n<h1>{}</h1>\n", prose(title));
    writeln!(body, "<p>Code <code>{code}</code></p>\n<dl>").expect("writing to a string never fails");
    for row in rows {
        let about = prose(row.about);
        writeln!(body, "<dt>Status <code>{}</code></dt>\n<dd>{about}</dd>", row.status.as_u16())
            .expect("writing to a string never fails");
    }
    body.push_str("</dl>\n");
    Ok(Page { title, body })
}

pub async fn list_problems() -> Page {
    let mut rows: Vec<&Row> = catalogue::ALL.iter().collect();
    rows.sort_by_key(|row| (row.code, row.status));
    rows.dedup_by_key(|row| row.code);
    let mut body = "<h1>Problems</h1>\n<p>What the API answers when something goes wrong (RFC 9457), by <code>code</code>.</p>\n<ul>\n".to_owned();
    for Row { code, title, .. } in rows {
        writeln!(body, "<li><a href=\"/problems/{code}\"><code>{code}</code></a>: {}</li>", prose(title))
            .expect("writing to a string never fails");
    }
    body.push_str("</ul>\n");
    Page { title: "Problems", body }
}

/// Plain text with words in backticks, as HTML.
fn prose(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let mut html = String::with_capacity(escaped.len());
    for (index, part) in escaped.split('`').enumerate() {
        match index % 2 {
            0 => html.push_str(part),
            _ => write!(html, "<code>{part}</code>").expect("writing to a string never fails"),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_escaped() {
        assert_eq!(prose("a `<b>` & c"), "a <code>&lt;b&gt;</code> &amp; c");
    }
}
