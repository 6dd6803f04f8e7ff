//! What several tenants' requests came to, in one answer: what a list of tenants shows of each. One tenant's series, in full, are in
//! `series`.

use axum::extract::{FromRequestParts, State};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::request::Parts;
use isolet_domain::access::Credential;
use isolet_domain::ids::TenantSlug;
use isolet_domain::series::Step;
use isolet_domain::service::limit_settings::LimitError;
use jiff::Timestamp;
use serde_json::json;

use crate::answer::Answer;
use crate::caller::{With, needs};
use crate::catalogue as rows;
use crate::document::named;
use crate::document::{Operation, Part};
use crate::failure::Failure;
use crate::state::AppState;
use crate::wire::activity::{ActivityResponse, TenantActivityResponse};

/// Tenants of one answer: more than a screen shows.
const MAX_TENANTS: usize = 100;
/// Tenants that are read at a time.
const AT_ONCE: usize = 8;
/// Seconds that are looked at, in hours.
const DAY: i64 = 24 * 3_600;
/// And in minutes.
const HOUR: i64 = 3_600;

pub async fn list_activity(
    State(app): State<AppState>,
    found: With<needs::MetricsRead>,
    asked: AskedTenants,
) -> Result<Answer<ActivityResponse>, Failure> {
    let now = Timestamp::now().as_second();
    let end = Step::Hour.window(now) + Step::Hour.seconds();
    let start = end - DAY;
    let read = asked.0.into_iter().map(|slug| of_tenant(&app, &found.credential, slug, (start, end), now));
    let read: Vec<_> = futures_util::stream::iter(read).buffered(AT_ONCE).try_collect().await?;
    let time = |second| Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
    Ok(Answer(ActivityResponse {
        start: time(start),
        end: time(end),
        step_s: Step::Hour.seconds(),
        data: read.into_iter().flatten().collect(),
    }))
}

/// `None` for one that is not there, or that the credential does not reach: the two are the same.
async fn of_tenant(
    app: &AppState,
    credential: &Credential,
    slug: TenantSlug,
    day: (i64, i64),
    now: i64,
) -> Result<Option<TenantActivityResponse>, Failure> {
    let platform = app.platform();
    let tenant = platform.tenants.find(&slug).await?;
    let Some(scope) = tenant.and_then(|tenant| credential.scope_over(&tenant)) else { return Ok(None) };
    let hours = platform.activity.windows(&scope, Step::Hour, day).await?;
    let minutes = platform.activity.windows(&scope, Step::Minute, (Step::Minute.window(now - HOUR), now + 1)).await?;
    let admission = match platform.limits.get(&scope, None).await {
        Ok(settings) => settings.admission.unwrap_or(platform.config.admission),
        // It went meanwhile.
        Err(LimitError::UnknownTenant) => return Ok(None),
        Err(other) => return Err(other.into()),
    };
    Ok(Some(TenantActivityResponse::new(slug.to_string(), day, &hours, &minutes, &admission)))
}

/// `?tenants=`: slugs with commas between them.
pub struct AskedTenants(Vec<TenantSlug>);

impl<S: Sync> FromRequestParts<S> for AskedTenants {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let bad = |detail: String| Failure::Malformed { detail, pointer: None };
        let tenants = named(&parts.uri)?.remove("tenants").unwrap_or_default();
        let slugs = tenants.split(',').map(TenantSlug::parse).collect::<Result<Vec<_>, _>>();
        match slugs {
            Ok(slugs) if slugs.len() <= MAX_TENANTS => Ok(Self(slugs)),
            _ => Err(bad(format!("`tenants` must be slugs with commas between them, at most {MAX_TENANTS}"))),
        }
    }
}

impl Part for AskedTenants {
    fn describe(operation: &mut Operation<'_>) {
        let slug = "[a-z0-9]+(-[a-z0-9]+)*";
        let schema = json!({ "type": "string", "pattern": format!("^{slug}(,{slug})*$"), "maxLength": 3_100 });
        operation.in_query("tenants", true, "Slugs of at most 100 tenants, with commas between them.", schema);
        operation.fails(&[rows::MALFORMED]);
    }
}
