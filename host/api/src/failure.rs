//! Everything that can go wrong on the way to an answer, and the one table that gives each its status and code. How the document
//! looks is in `problem`.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use isolet_domain::access::Scope;
use isolet_domain::code::InvalidCode;
use isolet_domain::execute::BuildError;
use isolet_domain::outcome::Outcome;
use isolet_domain::repository::RepositoryError;
use isolet_domain::service::admission::NotAdmitted;
use isolet_domain::service::environment::EnvironmentError;
use isolet_domain::service::functions::FunctionError;
use isolet_domain::service::history::HistoryError;
use isolet_domain::service::invoker::InvokeError;
use isolet_domain::service::keys::KeyError;
use isolet_domain::service::runs::RunError;
use isolet_domain::service::sign_in::SignInError;
use isolet_domain::service::tenants::TenantError;
use isolet_domain::service::versions::VersionError;
use isolet_domain::service::{checks::CheckError, policies::PolicyError, secrets::SecretError};

pub use crate::fault::{FieldFault, Mark};

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{detail}")]
    Malformed { detail: String, pointer: Option<String> },
    #[error("the request body must be `application/json`")]
    MediaType,
    #[error("the request body is larger than {limit_bytes} bytes")]
    BodyTooLarge { limit_bytes: u64 },
    #[error("the request body did not arrive in time")]
    BodyTooSlow,
    #[error("the address is longer than {limit_bytes} bytes")]
    AddressTooLong { limit_bytes: usize },
    #[error("{}", summary(.0))]
    Invalid(Vec<FieldFault>),
    #[error(transparent)]
    Code(#[from] InvalidCode),
    #[error("a valid key or session token is needed")]
    Unauthenticated,
    #[error("this credential lacks the scope `{}`", .0.as_str())]
    Forbidden(Scope),
    #[error(
        "requests that change something are taken from the console's own pages and from programs, not from other sites"
    )]
    CrossSite,
    #[error("the request must name exactly one valid host")]
    BadHost,
    #[error("this host does not serve that name")]
    Misdirected,
    #[error("there is nothing at this address")]
    NoRoute,
    #[error("this address does not take that method")]
    Method,
    #[error("there is no such {0}")]
    Missing(&'static str),
    #[error("the tenant is suspended")]
    Suspended,
    #[error(transparent)]
    Tenant(#[from] TenantError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error(transparent)]
    Function(#[from] FunctionError),
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error(transparent)]
    Invoke(#[from] InvokeError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Check(#[from] CheckError),
    /// A build failure with what the caller sent that it is about: for each fault, or for the one there is.
    #[error("{build}")]
    Framed { build: Box<Self>, marks: Vec<Mark> },
    #[error("a handler panicked")]
    Panic,
}

fn summary(faults: &[FieldFault]) -> String {
    match faults {
        [fault] => format!("`{}` {}", fault.pointer, fault.detail),
        faults => format!("{} fields are not acceptable", faults.len()),
    }
}

/// How a failure is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub status: StatusCode,
    /// Stable: programs compare it.
    pub code: &'static str,
    pub title: &'static str,
}

const fn row(status: StatusCode, code: &'static str, title: &'static str) -> Row {
    Row { status, code, title }
}

const INTERNAL: Row = row(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error");
const NO_FUNCTION: Row = row(StatusCode::NOT_FOUND, "function_not_found", "Function not found");
const NO_VERSION: Row = row(StatusCode::NOT_FOUND, "version_not_found", "Version not found");
const NO_RUN: Row = row(StatusCode::NOT_FOUND, "run_not_found", "Run not found");
const NOT_DEPLOYED: Row = row(StatusCode::CONFLICT, "not_deployed", "Nothing deployed");
const UNAUTHENTICATED: Row = row(StatusCode::UNAUTHORIZED, "unauthenticated", "Not signed in");
const UNCONDITIONAL: Row = row(StatusCode::PRECONDITION_REQUIRED, "precondition_required", "Precondition required");
const CHANGED: Row = row(StatusCode::PRECONDITION_FAILED, "precondition_failed", "Precondition failed");
const INVALID: Row = row(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", "Request not acceptable");

impl Failure {
    /// The table. No `_` arm: a new failure must choose its status here.
    pub fn row(&self) -> Row {
        match self {
            Self::Malformed { .. } => row(StatusCode::BAD_REQUEST, "malformed_request", "Malformed request"),
            Self::MediaType => {
                row(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unsupported media type")
            }
            Self::BodyTooLarge { .. } => row(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "Body too large"),
            Self::BodyTooSlow => row(StatusCode::REQUEST_TIMEOUT, "body_too_slow", "Body too slow"),
            Self::AddressTooLong { .. } => row(StatusCode::URI_TOO_LONG, "address_too_long", "Address too long"),
            Self::Invalid(_) | Self::Environment(EnvironmentError::TooLarge) => INVALID,
            Self::Code(error) if error.is_size() => {
                row(StatusCode::PAYLOAD_TOO_LARGE, "code_too_large", "Code too large")
            }
            Self::Code(_) => row(StatusCode::UNPROCESSABLE_ENTITY, "invalid_code", "Code not acceptable"),
            Self::Unauthenticated => UNAUTHENTICATED,
            Self::Forbidden(_) => row(StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            Self::CrossSite => row(StatusCode::FORBIDDEN, "cross_site", "Request from another site"),
            Self::BadHost => row(StatusCode::BAD_REQUEST, "invalid_host", "Invalid host name"),
            Self::Misdirected => row(StatusCode::MISDIRECTED_REQUEST, "misdirected", "Not served here"),
            Self::NoRoute => row(StatusCode::NOT_FOUND, "not_found", "Not found"),
            Self::Method => row(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed"),
            Self::Missing(what) => missing(what),
            Self::Suspended => row(StatusCode::SERVICE_UNAVAILABLE, "suspended", "Suspended"),
            Self::Tenant(error) => tenant(error),
            Self::Key(error) => key(error),
            Self::SignIn(SignInError::Refused) => UNAUTHENTICATED,
            Self::Function(FunctionError::Unknown) | Self::Environment(EnvironmentError::UnknownFunction) => {
                NO_FUNCTION
            }
            Self::Policy(error) => policy(error),
            Self::Secret(error) => secret(error),
            Self::Environment(EnvironmentError::UnknownVariable) => missing("variable"),
            Self::Version(error) => version(error),
            Self::Invoke(error) => invoke(error),
            Self::Run(error) => run(error),
            Self::Check(CheckError::NotAdmitted(error)) => not_admitted(error),
            Self::Check(CheckError::Build(error)) => build(error),
            Self::History(error) => history(error),
            Self::Repository(error)
            | Self::SignIn(SignInError::Repository(error))
            | Self::Function(FunctionError::Repository(error))
            | Self::Environment(EnvironmentError::Repository(error)) => repository(error),
            Self::Framed { build, .. } => build.row(),
            Self::Panic => INTERNAL,
        }
    }

    /// The outcome that an answer without a guest's head is marked with; none where the request itself was wrong.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Invoke(error) => error.outcome(),
            Self::Suspended => Some(Outcome::Suspended),
            _ => self.row().status.is_server_error().then_some(Outcome::Internal),
        }
    }

    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Invoke(error) => error.retry_after().or_else(|| self.default_wait()),
            Self::Run(RunError::NotAdmitted(
                NotAdmitted::RateLimited { retry_after } | NotAdmitted::Overloaded { retry_after },
            ))
            | Self::Check(CheckError::NotAdmitted(
                NotAdmitted::RateLimited { retry_after } | NotAdmitted::Overloaded { retry_after },
            ))
            | Self::Check(CheckError::Build(BuildError::Overloaded { retry_after }))
            | Self::Run(RunError::Build(BuildError::Overloaded { retry_after }))
            | Self::Version(VersionError::Build(BuildError::Overloaded { retry_after })) => Some(*retry_after),
            Self::Framed { build, .. } => build.retry_after(),
            _ => self.default_wait(),
        }
    }

    fn default_wait(&self) -> Option<Duration> {
        (self.row().code == STORE.code).then_some(Duration::from_secs(1))
    }

    /// The build failure inside, wherever it came from.
    pub fn build(&self) -> Option<&BuildError> {
        match self {
            Self::Run(RunError::Build(error))
            | Self::Version(VersionError::Build(error))
            | Self::Check(CheckError::Build(error))
            | Self::Invoke(InvokeError::Build(error)) => Some(error),
            Self::Framed { build, .. } => build.build(),
            _ => None,
        }
    }
}

const STORE: Row = row(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", "Store not available");

fn repository(error: &RepositoryError) -> Row {
    match error {
        RepositoryError::Unavailable(_) => STORE,
        RepositoryError::Corrupt { .. } => INTERNAL,
    }
}

fn missing(what: &str) -> Row {
    let code = match what {
        "tenant" => "tenant_not_found",
        "function" => return NO_FUNCTION,
        "version" => return NO_VERSION,
        "run" => return NO_RUN,
        "key" => "key_not_found",
        "variable" => "variable_not_found",
        "secret" => "secret_not_found",
        _ => "not_found",
    };
    row(StatusCode::NOT_FOUND, code, "Not found")
}

fn tenant(error: &TenantError) -> Row {
    match error {
        TenantError::SlugTaken(_) => row(StatusCode::CONFLICT, "slug_taken", "Slug taken"),
        TenantError::Unknown => missing("tenant"),
        TenantError::Repository(error) => repository(error),
    }
}

fn policy(error: &PolicyError) -> Row {
    match error {
        PolicyError::UnknownTenant => missing("tenant"),
        PolicyError::UnknownFunction => NO_FUNCTION,
        PolicyError::NotAllowed(_) => row(StatusCode::FORBIDDEN, "egress_not_allowed", "Egress not allowed"),
        PolicyError::NotTheOperator => row(StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
        PolicyError::ConditionMissing => UNCONDITIONAL,
        PolicyError::ConditionFailed => CHANGED,
        PolicyError::Repository(error) => repository(error),
    }
}

fn secret(error: &SecretError) -> Row {
    match error {
        SecretError::UnknownTenant => missing("tenant"),
        SecretError::UnknownFunction => NO_FUNCTION,
        SecretError::Unknown => missing("secret"),
        SecretError::Value => INVALID,
        SecretError::TooMany => row(StatusCode::CONFLICT, "too_many_secrets", "Too many secrets"),
        SecretError::Repository(error) => repository(error),
    }
}

fn key(error: &KeyError) -> Row {
    match error {
        KeyError::Exceeds(_) => row(StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
        KeyError::NotForTenants(_) => INVALID,
        KeyError::Unknown => missing("key"),
        KeyError::Repository(error) => repository(error),
    }
}

fn version(error: &VersionError) -> Row {
    match error {
        VersionError::UnknownFunction => NO_FUNCTION,
        VersionError::Unknown => NO_VERSION,
        VersionError::Build(error) => build(error),
        VersionError::MissingCode(_) => INTERNAL,
        VersionError::Repository(error) => repository(error),
    }
}

fn history(error: &HistoryError) -> Row {
    match error {
        HistoryError::Unknown => NO_RUN,
        HistoryError::MissingCode(_) => INTERNAL,
        HistoryError::Repository(error) => repository(error),
    }
}

fn run(error: &RunError) -> Row {
    match error {
        RunError::UnknownFunction => NO_FUNCTION,
        RunError::NotDeployed => NOT_DEPLOYED,
        RunError::UnknownVersion => NO_VERSION,
        RunError::UnknownRun => NO_RUN,
        RunError::NotReplayable => row(StatusCode::CONFLICT, "not_replayable", "Run cannot be repeated"),
        RunError::Request(_) => INVALID,
        RunError::Egress(_) => row(StatusCode::FORBIDDEN, "egress_not_allowed", "Egress not allowed"),
        RunError::UnknownTenant => missing("tenant"),
        RunError::NotAdmitted(error) => not_admitted(error),
        RunError::Build(error) => build(error),
        RunError::MissingCode(_) => INTERNAL,
        RunError::Repository(error) => repository(error),
    }
}

fn invoke(error: &InvokeError) -> Row {
    match error {
        InvokeError::UnknownFunction => NO_FUNCTION,
        InvokeError::NotDeployed => row(StatusCode::NOT_FOUND, "not_deployed", "Nothing deployed"),
        InvokeError::Suspended => row(StatusCode::SERVICE_UNAVAILABLE, "suspended", "Suspended"),
        InvokeError::NotAdmitted(error) => not_admitted(error),
        InvokeError::BodyTooLarge { .. } => row(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "Body too large"),
        InvokeError::Loop => row(StatusCode::LOOP_DETECTED, "loop_detected", "Loop detected"),
        // The caller of a function cannot mend its code: what is 422 to whoever deploys is 500 here.
        InvokeError::Build(error) => of_outcome(error.outcome()),
        InvokeError::MissingCode(_) => INTERNAL,
        InvokeError::Guest(report) => of_outcome(report.outcome),
        InvokeError::Repository(error) => repository(error),
    }
}

fn not_admitted(error: &NotAdmitted) -> Row {
    match error {
        NotAdmitted::RateLimited { .. } => of_outcome(Outcome::RateLimited),
        NotAdmitted::Overloaded { .. } => of_outcome(Outcome::Overloaded),
    }
}

fn build(error: &BuildError) -> Row {
    match error {
        BuildError::Code { outcome, .. } => {
            row(StatusCode::UNPROCESSABLE_ENTITY, outcome.as_str(), "The code could not be made ready")
        }
        BuildError::Overloaded { .. } => of_outcome(Outcome::Overloaded),
        BuildError::Internal(_) => INTERNAL,
    }
}

/// The answer of an invocation that ended so before the guest gave a response head: the design's table of outcomes.
fn of_outcome(outcome: Outcome) -> Row {
    let (status, title) = match outcome {
        Outcome::Exception => (StatusCode::INTERNAL_SERVER_ERROR, "The function threw an exception"),
        // Without a head there is no such thing as `ok`.
        Outcome::Ok | Outcome::NoResponse => (StatusCode::INTERNAL_SERVER_ERROR, "The function gave no response"),
        Outcome::CpuLimit => (StatusCode::SERVICE_UNAVAILABLE, "The function used up its CPU time"),
        Outcome::WallLimit => (StatusCode::GATEWAY_TIMEOUT, "The function did not answer in time"),
        Outcome::MemoryLimit => (StatusCode::SERVICE_UNAVAILABLE, "The function used up its memory"),
        Outcome::StackLimit => (StatusCode::SERVICE_UNAVAILABLE, "The function recursed too deep"),
        Outcome::OutputLimit => (StatusCode::BAD_GATEWAY, "The function's response is not acceptable"),
        Outcome::SubrequestLimit => (StatusCode::INTERNAL_SERVER_ERROR, "The function made too many requests"),
        Outcome::EgressDenied => (StatusCode::INTERNAL_SERVER_ERROR, "The function made a request that is not allowed"),
        // Nobody is there to read it.
        Outcome::ClientDisconnected => (StatusCode::INTERNAL_SERVER_ERROR, "The client went away"),
        Outcome::StartupFailed | Outcome::StartupLimit | Outcome::BuildFailed | Outcome::BuildLimit => {
            (StatusCode::INTERNAL_SERVER_ERROR, "The function's code could not be made ready")
        }
        Outcome::Suspended => (StatusCode::SERVICE_UNAVAILABLE, "Suspended"),
        Outcome::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Outcome::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "The host is busy"),
        Outcome::NotFound => (StatusCode::NOT_FOUND, "Not found"),
        Outcome::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
    };
    let code = if outcome == Outcome::Ok { Outcome::NoResponse } else { outcome };
    row(status, code.as_str(), title)
}

impl IntoResponse for Failure {
    /// Status alone; `front` knows the request and writes the document.
    fn into_response(self) -> Response {
        let mut response = self.row().status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
