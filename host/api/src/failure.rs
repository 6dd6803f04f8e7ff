//! Everything that can go wrong on the way to an answer, and the one table that gives each its status and code. How the document
//! looks is in `problem`.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use isolet_domain::access::Scope;
use isolet_domain::code::InvalidCode;
use isolet_domain::execute::BuildError;
use isolet_domain::outcome::Outcome;
use isolet_domain::repository::RepositoryError;
use isolet_domain::service::admission::NotAdmitted;
use isolet_domain::service::aliases::AliasError;
use isolet_domain::service::answers::AnswerError;
use isolet_domain::service::audit::AuditError;
use isolet_domain::service::environment::EnvironmentError;
use isolet_domain::service::functions::FunctionError;
use isolet_domain::service::history::HistoryError;
use isolet_domain::service::invoker::InvokeError;
use isolet_domain::service::keys::KeyError;
use isolet_domain::service::limit_settings::LimitError;
use isolet_domain::service::logs::TailError;
use isolet_domain::service::previews::PreviewError;
use isolet_domain::service::routes::RouteError;
use isolet_domain::service::runs::RunError;
use isolet_domain::service::sign_in::SignInError;
use isolet_domain::service::tenants::TenantError;
use isolet_domain::service::versions::VersionError;
use isolet_domain::service::{checks::CheckError, policies::PolicyError, secrets::SecretError};

use crate::catalogue as rows;
pub use crate::catalogue::Row;
use crate::configured::{alias, key, limit, missing, policy, repository, route, secret, storage, tenant};
pub use crate::fault::{FieldFault, Mark};
use crate::rate_limit::{Exceeded, Rate};

/// When to look again whether a tenant was resumed: nobody knows when that will be.
const SUSPENDED_WAIT: Duration = Duration::from_secs(60);

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
    #[error("there are too many large request bodies at this moment; try again")]
    NoRoom,
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
    #[error("this credential is bound to functions, and what is asked for is about more than those")]
    BoundToFunctions,
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
    Alias(#[from] AliasError),
    #[error(transparent)]
    Route(#[from] RouteError),
    #[error(transparent)]
    Limit(#[from] LimitError),
    #[error(transparent)]
    Invoke(#[from] InvokeError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(transparent)]
    Preview(#[from] PreviewError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error(transparent)]
    Answer(#[from] AnswerError),
    #[error(transparent)]
    Tail(#[from] TailError),
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

impl Failure {
    /// The table. No `_` arm: a new failure must choose its status here.
    pub fn row(&self) -> Row {
        match self {
            Self::Malformed { .. } => rows::MALFORMED,
            Self::MediaType => rows::MEDIA_TYPE,
            Self::BodyTooLarge { .. } => rows::BODY_TOO_LARGE,
            Self::BodyTooSlow => rows::BODY_TOO_SLOW,
            Self::NoRoom => rows::OVERLOADED,
            Self::AddressTooLong { .. } => rows::ADDRESS_TOO_LONG,
            Self::Invalid(_) | Self::Environment(EnvironmentError::TooLarge) => rows::INVALID,
            Self::Code(error) if error.is_size() => rows::CODE_TOO_LARGE,
            Self::Code(_) => rows::INVALID_CODE,
            Self::Unauthenticated => rows::UNAUTHENTICATED,
            Self::Forbidden(_) | Self::BoundToFunctions => rows::FORBIDDEN,
            Self::CrossSite => rows::CROSS_SITE,
            Self::BadHost => rows::INVALID_HOST,
            Self::Misdirected => rows::MISDIRECTED,
            Self::NoRoute => rows::NOT_FOUND,
            Self::Method => rows::METHOD,
            Self::Missing(what) => missing(what),
            Self::Suspended => rows::SUSPENDED,
            Self::Tenant(error) => tenant(error),
            Self::Key(error) => key(error),
            Self::SignIn(SignInError::Refused) => rows::UNAUTHENTICATED,
            Self::Function(FunctionError::Kind) => rows::OTHER_KIND,
            Self::Function(FunctionError::Changed) | Self::Environment(EnvironmentError::Changed) => rows::CHANGED,
            Self::Function(FunctionError::Unknown) | Self::Environment(EnvironmentError::UnknownFunction) => {
                rows::NO_FUNCTION
            }
            Self::Function(FunctionError::Storage(error)) | Self::Environment(EnvironmentError::Storage(error)) => {
                storage(error)
            }
            Self::Policy(error) => policy(error),
            Self::Secret(error) => secret(error),
            Self::Environment(EnvironmentError::UnknownTenant) => missing("tenant"),
            Self::Environment(EnvironmentError::UnknownVariable) => missing("variable"),
            Self::Version(error) => version(error),
            Self::Alias(AliasError::Build(error)) => build(error),
            Self::Alias(error) => alias(error),
            Self::Route(error) => route(error),
            Self::Limit(error) => limit(error),
            Self::Invoke(error) => invoke(error),
            Self::Run(error) => run(error),
            Self::Check(CheckError::NotAdmitted(error)) => not_admitted(error),
            Self::Check(CheckError::Build(error)) => build(error),
            Self::History(error) => history(error),
            Self::Preview(error) => preview(error),
            Self::Answer(error) => answer(error),
            Self::Audit(AuditError::NotTheOperator) => rows::FORBIDDEN,
            Self::Audit(AuditError::TooMuch { .. }) => rows::TOO_MANY_CHANGES,
            Self::Tail(TailError::TooMany) => rows::OVERLOADED,
            Self::Repository(error)
            | Self::Audit(AuditError::Repository(error))
            | Self::SignIn(SignInError::Repository(error))
            | Self::Tail(TailError::Repository(error))
            | Self::Function(FunctionError::Repository(error))
            | Self::Environment(EnvironmentError::Repository(error)) => repository(error),
            Self::Framed { build, .. } => build.row(),
            Self::Panic => rows::INTERNAL,
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
            Self::Run(RunError::NotAdmitted(error)) | Self::Check(CheckError::NotAdmitted(error)) => {
                Some(error.retry_after())
            }
            Self::Check(CheckError::Build(BuildError::Overloaded { retry_after }))
            | Self::Run(RunError::Build(BuildError::Overloaded { retry_after }))
            | Self::Alias(AliasError::Build(BuildError::Overloaded { retry_after }))
            | Self::Version(VersionError::Build(BuildError::Overloaded { retry_after })) => Some(*retry_after),
            Self::Audit(AuditError::TooMuch { retry_after }) => Some(*retry_after),
            Self::Framed { build, .. } => build.retry_after(),
            Self::NoRoom => Some(Duration::from_secs(1)),
            _ => self.default_wait(),
        }
    }

    /// What was exceeded, as it is told.
    pub fn exceeded(&self) -> Option<Exceeded> {
        let (rate, error) = match self {
            Self::Check(CheckError::NotAdmitted(error)) => (Rate::Check, error),
            Self::Run(RunError::NotAdmitted(error)) | Self::Invoke(InvokeError::NotAdmitted(error)) => {
                (Rate::Invoke, error)
            }
            _ => return None,
        };
        match *error {
            NotAdmitted::RateLimited { retry_after, per_second } => Some(Exceeded::rate(rate, per_second, retry_after)),
            NotAdmitted::BudgetSpent(spent) => Some(Exceeded::budget(spent)),
            NotAdmitted::Overloaded { .. } => None,
        }
    }

    fn default_wait(&self) -> Option<Duration> {
        match self.row() {
            rows::STORE => Some(Duration::from_secs(1)),
            rows::SUSPENDED => Some(SUSPENDED_WAIT),
            _ => None,
        }
    }

    /// The build failure inside, wherever it came from.
    pub fn build(&self) -> Option<&BuildError> {
        match self {
            Self::Run(RunError::Build(error))
            | Self::Version(VersionError::Build(error))
            | Self::Alias(AliasError::Build(error))
            | Self::Check(CheckError::Build(error))
            | Self::Invoke(InvokeError::Build(error)) => Some(error),
            Self::Framed { build, .. } => build.build(),
            _ => None,
        }
    }
}

fn version(error: &VersionError) -> Row {
    match error {
        VersionError::UnknownFunction => rows::NO_FUNCTION,
        VersionError::Unknown => rows::NO_VERSION,
        VersionError::Named(_) => rows::VERSION_IN_USE,
        VersionError::Kind(_) => rows::OTHER_KIND,
        VersionError::Build(error) => build(error),
        VersionError::MissingCode(_) => rows::INTERNAL,
        VersionError::Storage(error) => storage(error),
        VersionError::Repository(error) => repository(error),
    }
}

fn answer(error: &AnswerError) -> Row {
    match error {
        AnswerError::InFlight => rows::IN_FLIGHT,
        AnswerError::Reused => rows::REUSED,
        AnswerError::NotKept => rows::NOT_KEPT,
        AnswerError::Full => rows::TOO_MANY_KEYS,
        AnswerError::Repository(error) => repository(error),
    }
}

fn preview(error: &PreviewError) -> Row {
    match error {
        PreviewError::Unknown => rows::NO_RUN,
        PreviewError::NoAnswer => rows::NO_ANSWER,
        PreviewError::Repository(error) => repository(error),
    }
}

fn history(error: &HistoryError) -> Row {
    match error {
        HistoryError::Unknown => rows::NO_RUN,
        HistoryError::MissingCode(_) => rows::INTERNAL,
        HistoryError::Storage(error) => storage(error),
        HistoryError::Repository(error) => repository(error),
    }
}

fn run(error: &RunError) -> Row {
    match error {
        RunError::UnknownFunction => rows::NO_FUNCTION,
        RunError::NotDeployed => rows::NOT_DEPLOYED,
        RunError::UnknownVersion => rows::NO_VERSION,
        RunError::UnknownRun => rows::NO_RUN,
        RunError::NotReplayable => rows::NOT_REPLAYABLE,
        RunError::Request(_) => rows::INVALID,
        RunError::BodyTooLarge { .. } => rows::BODY_TOO_LARGE,
        RunError::Egress(_) => rows::EGRESS_NOT_ALLOWED,
        RunError::UnknownTenant => missing("tenant"),
        RunError::NotAdmitted(error) => not_admitted(error),
        RunError::Build(error) => build(error),
        RunError::MissingCode(_) => rows::INTERNAL,
        RunError::Storage(error) => storage(error),
        RunError::Repository(error) => repository(error),
    }
}

fn invoke(error: &InvokeError) -> Row {
    match error {
        InvokeError::UnknownFunction => rows::NO_FUNCTION,
        InvokeError::NotDeployed => rows::NOTHING_TO_INVOKE,
        InvokeError::UnknownRoute => rows::NO_ROUTE,
        InvokeError::UnknownVersion => rows::NO_VERSION,
        InvokeError::Suspended => rows::SUSPENDED,
        InvokeError::NotAdmitted(error) => not_admitted(error),
        InvokeError::BodyTooLarge { .. } => rows::BODY_TOO_LARGE,
        InvokeError::Loop => rows::LOOP,
        // The caller of a function cannot mend its code: what is 422 to whoever deploys is 500 here.
        InvokeError::Build(error) => of_outcome(error.outcome()),
        InvokeError::MissingCode(_) => rows::INTERNAL,
        InvokeError::Guest(report) => of_outcome(report.outcome),
        InvokeError::Repository(error) => repository(error),
    }
}

fn not_admitted(error: &NotAdmitted) -> Row {
    of_outcome(error.outcome())
}

fn build(error: &BuildError) -> Row {
    match error {
        BuildError::Code { outcome: Outcome::BuildFailed, .. } => rows::BUILD_FAILED,
        BuildError::Code { outcome: Outcome::BuildLimit, .. } => rows::BUILD_LIMIT,
        BuildError::Code { outcome: Outcome::StartupFailed, .. } => rows::STARTUP_FAILED,
        BuildError::Code { outcome: Outcome::StartupLimit, .. } => rows::STARTUP_LIMIT,
        BuildError::Overloaded { .. } => rows::OVERLOADED,
        // No other outcome is one of a build.
        BuildError::Code { .. } | BuildError::Internal(_) => rows::INTERNAL,
    }
}

/// The answer of an invocation that ended so before the guest gave a response head: the design's table of outcomes.
fn of_outcome(outcome: Outcome) -> Row {
    match outcome {
        Outcome::Exception => rows::EXCEPTION,
        // Without a head there is no such thing as `ok`.
        Outcome::Ok | Outcome::NoResponse => rows::NO_RESPONSE,
        Outcome::CpuLimit => rows::CPU_LIMIT,
        Outcome::WallLimit => rows::WALL_LIMIT,
        Outcome::MemoryLimit => rows::MEMORY_LIMIT,
        Outcome::StackLimit => rows::STACK_LIMIT,
        Outcome::OutputLimit => rows::OUTPUT_LIMIT,
        Outcome::SubrequestLimit => rows::SUBREQUEST_LIMIT,
        Outcome::EgressDenied => rows::EGRESS_DENIED,
        // Nobody is there to read it.
        Outcome::ClientDisconnected => rows::CLIENT_DISCONNECTED,
        Outcome::StartupFailed => rows::UNREADY_STARTUP,
        Outcome::StartupLimit => rows::UNREADY_STARTUP_LIMIT,
        Outcome::BuildFailed => rows::UNREADY_BUILD,
        Outcome::BuildLimit => rows::UNREADY_BUILD_LIMIT,
        Outcome::Suspended => rows::SUSPENDED,
        Outcome::RateLimited => rows::RATE_LIMITED,
        Outcome::QuotaExceeded => rows::QUOTA_EXCEEDED,
        Outcome::Overloaded => rows::OVERLOADED,
        Outcome::NotFound => rows::NOT_FOUND,
        Outcome::Internal => rows::INTERNAL,
    }
}

impl IntoResponse for Failure {
    /// Status alone; `front` knows the request and writes the document.
    fn into_response(self) -> Response {
        let mut response = self.row().status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
