//! Usage, for bills: every row there is, written tenant by tenant, so that a report may be as long as it has to be. A report that the store
//! breaks off is cut, and never looks whole.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use isolet_domain::access::Credential;
use isolet_domain::repository::{Page, RepositoryError};
use isolet_domain::series::{Step, Tally};
use isolet_domain::service::activity::CLOSES_AFTER;
use isolet_domain::tenant::Tenant;
use isolet_domain::usage::{RowKey, UsageQuery};
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::mpsc;

use super::usage_query::{AskedUsage, Form};
use crate::caller::{With, needs, reached};
use crate::document::{Answers, Operation};
use crate::failure::Failure;
use crate::state::AppState;
use crate::wire::List;
use crate::wire::usage::UsageWindowResponse;

/// Tenants that are read at a time.
const TENANTS: usize = 100;
/// Hosts' clocks may differ by so many seconds from the store's, whose word counts about what is closed.
const CLOCKS_DIFFER: i64 = 60;
/// Pieces under way before the store is asked for more.
const BUFFERED: usize = 8;

type Rows = BTreeMap<RowKey, Tally>;

pub async fn get_usage(
    State(app): State<AppState>,
    found: With<needs::UsageRead>,
    asked: AskedUsage,
) -> Result<UsageAnswer, Failure> {
    let first = if asked.tenants.is_empty() {
        app.platform().tenants.list(&found.credential, None, TENANTS).await?
    } else {
        named(&app, &found.credential, &asked.tenants).await?
    };
    let (pieces, written) = mpsc::channel(BUFFERED);
    let form = asked.form;
    let report = Report {
        app,
        credential: found.credential,
        query: asked.query,
        form,
        closed_before: Timestamp::now().as_second() - CLOSES_AFTER - CLOCKS_DIFFER,
        pieces,
        begun: false,
    };
    tokio::spawn(report.write(first));
    let pieces = futures_util::stream::unfold(written, |mut written| async move {
        let piece = written.recv().await?;
        Some((piece, written))
    });
    Ok(UsageAnswer(form, Body::from_stream(pieces)))
}

/// The tenants of these names, by slug; a failure where the caller reaches one of them not.
async fn named(app: &AppState, caller: &Credential, names: &BTreeSet<String>) -> Result<Page<Tenant>, Failure> {
    let mut found = BTreeMap::new();
    for name in names {
        let tenant = reached(app, caller, name).await?.ok_or(Failure::Missing("tenant"))?.1;
        found.insert(tenant.slug.clone(), tenant);
    }
    Ok(Page { items: found.into_values().collect(), more: false })
}

/// A report on its way.
struct Report {
    app: AppState,
    credential: Credential,
    query: UsageQuery,
    form: Form,
    /// Windows that ended by then are closed.
    closed_before: i64,
    pieces: mpsc::Sender<Result<Bytes, io::Error>>,
    /// Whether there was a row.
    begun: bool,
}

/// Whoever asked is gone.
struct Gone;

enum Stopped {
    Gone,
    Store(RepositoryError),
}

impl From<Gone> for Stopped {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<RepositoryError> for Stopped {
    fn from(error: RepositoryError) -> Self {
        Self::Store(error)
    }
}

impl Report {
    async fn write(mut self, first: Page<Tenant>) {
        if let Err(Stopped::Store(error)) = self.all(first).await {
            tracing::warn!(%error, "a report of usage was broken off: the store is not available");
            let _ = self.pieces.send(Err(io::Error::other("the store is not available"))).await;
        }
    }

    async fn all(&mut self, first: Page<Tenant>) -> Result<(), Stopped> {
        let head = match self.form {
            Form::Json => "{\"data\":[".to_owned(),
            Form::Lines => String::new(),
            Form::Table => UsageWindowResponse::head(&self.query),
        };
        self.send(head).await?;
        let mut rows = Rows::new();
        let mut page = first;
        loop {
            for tenant in &page.items {
                let Some(scope) = self.credential.scope_over(tenant) else { continue };
                let activity = &self.app.platform().activity;
                let windows = activity.windows(&scope, Step::Quarter, self.query.between).await?;
                self.query.add(&mut rows, tenant, windows);
                // What is grouped by tenant is whole now; else the next may add to the same rows.
                if self.query.is_by_tenant() {
                    self.rows(std::mem::take(&mut rows)).await?;
                }
            }
            match page.items.last() {
                Some(last) if page.more => {
                    let tenants = &self.app.platform().tenants;
                    page = tenants.list(&self.credential, Some(&last.slug), TENANTS).await?;
                }
                _ => break,
            }
        }
        self.rows(rows).await?;
        let end = if self.form == Form::Json { "],\"next_cursor\":null}".to_owned() } else { String::new() };
        Ok(self.send(end).await?)
    }

    async fn rows(&mut self, rows: Rows) -> Result<(), Gone> {
        let mut text = String::new();
        for (key, tally) in rows {
            let closed = key.0 + self.query.granularity.seconds() <= self.closed_before;
            let row = UsageWindowResponse::new(&self.query, &key, &tally, closed);
            let json = || serde_json::to_string(&row).expect("wire types have string keys and plain values");
            match self.form {
                Form::Table => text.push_str(&row.line(&self.query)),
                Form::Lines => text.push_str(&(json() + "\n")),
                Form::Json => {
                    if std::mem::replace(&mut self.begun, true) {
                        text.push(',');
                    }
                    text.push_str(&json());
                }
            }
        }
        self.send(text).await
    }

    async fn send(&self, text: String) -> Result<(), Gone> {
        if text.is_empty() {
            return Ok(());
        }
        self.pieces.send(Ok(text.into())).await.map_err(|_| Gone)
    }
}

/// Rows as they are read.
pub struct UsageAnswer(Form, Body);

impl IntoResponse for UsageAnswer {
    fn into_response(self) -> Response {
        let media_type = match self.0 {
            Form::Json => "application/json",
            Form::Lines => "application/x-ndjson",
            Form::Table => "text/csv",
        };
        ([(header::CONTENT_TYPE, media_type)], self.1).into_response()
    }
}

impl Answers for UsageAnswer {
    fn describe(operation: &mut Operation<'_>) {
        let description = "The rows, in the form that `Accept` asks for.";
        operation.answers::<List<UsageWindowResponse>>(200, description);
        for media_type in ["application/x-ndjson", "text/csv"] {
            operation.answers_as(200, description, media_type, json!({ "type": "string" }));
        }
    }
}
