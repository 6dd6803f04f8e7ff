//! Invocations of deployed functions, from the ingress and from the API alike: resolve, admit, make ready, run. Bodies stream
//! through; what the guest answers is nobody's business here.

use std::sync::Arc;
use std::time::Duration;

use http_body::Body as _;

use super::admission::{Admissions, NotAdmitted, Permit};
use super::counters::{Kind, Tally};
use super::preparation::{Preparation, PrepareError};
use super::resolver::{ResolveError, Resolver};
use super::target::{NotServed, Served, Target, Wish};
use crate::access::TenantScope;
use crate::body::Body;
use crate::egress;
use crate::execute::{BuildError, Invocation, Report};
use crate::ids::{AliasName, Digest, FunctionName, TenantId, TenantSlug, VersionId};
use crate::outcome::Outcome;
use crate::repository::RepositoryError;

#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    #[error("there is no such function")]
    UnknownFunction,
    #[error("nothing has been deployed to the function yet")]
    NotDeployed,
    #[error("no route of this host has the path")]
    UnknownRoute,
    #[error("the alias does not name this version")]
    UnknownVersion,
    #[error("the tenant is suspended")]
    Suspended,
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    #[error("the request has come back here too often: its functions call each other in a circle")]
    Loop,
    #[error("the request body is larger than {limit_bytes} bytes")]
    BodyTooLarge { limit_bytes: u64 },
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("the code `{0}` is missing from the store")]
    MissingCode(Digest),
    /// The guest gave no response head.
    #[error("the guest gave no response: {}", .0.outcome)]
    Guest(Box<Report>),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<NotServed> for InvokeError {
    fn from(why: NotServed) -> Self {
        match why {
            NotServed::NotDeployed => Self::NotDeployed,
            NotServed::UnknownVersion => Self::UnknownVersion,
        }
    }
}

impl From<PrepareError> for InvokeError {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Build(error) => Self::Build(error),
            PrepareError::MissingCode(digest) => Self::MissingCode(digest),
            PrepareError::Repository(error) => Self::Repository(error),
        }
    }
}

impl InvokeError {
    /// The name of this in headers and counts; `None` for requests that are wrong by themselves, whatever the function is.
    pub fn outcome(&self) -> Option<Outcome> {
        Some(match self {
            Self::UnknownFunction | Self::NotDeployed | Self::UnknownRoute | Self::UnknownVersion => Outcome::NotFound,
            Self::Suspended => Outcome::Suspended,
            Self::NotAdmitted(NotAdmitted::RateLimited { .. }) => Outcome::RateLimited,
            Self::NotAdmitted(NotAdmitted::Overloaded { .. }) => Outcome::Overloaded,
            Self::Build(error) => error.outcome(),
            Self::Guest(report) => report.outcome,
            Self::MissingCode(_) | Self::Repository(_) => Outcome::Internal,
            Self::BodyTooLarge { .. } | Self::Loop => return None,
        })
    }

    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NotAdmitted(
                NotAdmitted::RateLimited { retry_after, .. } | NotAdmitted::Overloaded { retry_after },
            )
            | Self::Build(BuildError::Overloaded { retry_after }) => Some(*retry_after),
            _ => None,
        }
    }
}

pub struct Invoker {
    preparation: Preparation,
    resolver: Arc<Resolver>,
    admissions: Arc<Admissions>,
}

impl Invoker {
    pub(super) fn new(preparation: Preparation, resolver: Arc<Resolver>, admissions: Arc<Admissions>) -> Self {
        Self { preparation, resolver, admissions }
    }

    /// The invocation of a request whose host name and path name the function and one of its aliases. With an `owner`, only if that
    /// tenant has the slug: it may have passed to another one since the route was read.
    pub async fn invoke_route(
        &self,
        (tenant, owner): (&TenantSlug, Option<TenantId>),
        function: &FunctionName,
        alias: &str,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, InvokeError> {
        let tally = Tally::new(&self.preparation.counters, Kind::Invocation);
        let target = match self.resolver.resolve(tenant, function).await {
            Ok(target) if owner.is_some_and(|owner| owner != target.scope.id()) => Err(ResolveError::UnknownFunction),
            other => other,
        };
        let found = chosen(&target, alias, &Wish::default(), &request);
        self.counted(tally, found, request).await
    }

    /// The invocation of an authenticated caller, and the version that answered.
    pub async fn invoke_as(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        wish: &Wish,
        request: http::Request<Body>,
    ) -> Result<(http::Response<Body>, VersionId), InvokeError> {
        let tally = Tally::new(&self.preparation.counters, Kind::Invocation);
        let target = match self.resolver.resolve(tenant.slug(), function).await {
            // The slug may have passed to another tenant since the credential was checked.
            Ok(target) if target.scope.id() != tenant.id() => Err(ResolveError::UnknownFunction),
            other => other,
        };
        let found = chosen(&target, AliasName::LIVE, wish, &request);
        let version = found.as_ref().ok().map(|(_, served)| served.version.clone());
        let response = self.counted(tally, found, request).await?;
        Ok((response, version.ok_or(InvokeError::UnknownVersion)?))
    }

    async fn counted(
        &self,
        tally: Tally,
        found: Result<(&Target, &Served), InvokeError>,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, InvokeError> {
        let invoked = match found {
            Ok((target, served)) => self.invoke(target, served, request).await,
            Err(error) => Err(error),
        };
        match invoked {
            Ok((response, report, permit)) => {
                // The place is free again, and the outcome known, only once the instance is gone.
                tokio::spawn(async move {
                    let outcome = report.await.map_or(Outcome::Internal, |report| report.outcome);
                    drop(permit);
                    tally.close(outcome);
                });
                Ok(response)
            }
            Err(error) => {
                match error.outcome() {
                    Some(outcome) => tally.close(outcome),
                    None => tally.discard(),
                }
                Err(error)
            }
        }
    }

    async fn invoke(
        &self,
        target: &Target,
        served: &Served,
        request: http::Request<Body>,
    ) -> Result<(http::Response<Body>, tokio::sync::oneshot::Receiver<Report>, Arc<Permit>), InvokeError> {
        if target.suspended {
            return Err(InvokeError::Suspended);
        }
        if egress::hops(request.headers()) > egress::MAX_HOPS {
            return Err(InvokeError::Loop);
        }
        // A length that is known is refused before anything is spent on it; others are counted as they stream.
        let limit_bytes = target.limits.request_body_bytes;
        if request.body().size_hint().lower() > limit_bytes {
            return Err(InvokeError::BodyTooLarge { limit_bytes });
        }
        let permit = Arc::new(self.admissions.enter(target.scope.id(), &target.admission).await?);
        let prepared = self.preparation.known(&target.scope, &served.code, &served.code_key, target.limits).await?;
        let invocation = Invocation {
            request,
            env: target.env.clone(),
            limits: target.limits,
            tenant: target.scope.id(),
            egress: target.egress.clone(),
            entrypoint: None,
            events: None,
            place: Some(permit.clone()),
        };
        let answer = self.preparation.executor.invoke(&prepared, invocation).await;
        match answer.response {
            Some(response) => Ok((response, answer.report, permit)),
            None => Err(InvokeError::Guest(Box::new(answer.report.await.unwrap_or_else(|_| lost())))),
        }
    }
}

/// The version that answers this request.
fn chosen<'t>(
    target: &'t Result<Arc<Target>, ResolveError>,
    alias: &str,
    wish: &Wish,
    request: &http::Request<Body>,
) -> Result<(&'t Target, &'t Served), InvokeError> {
    match target {
        Ok(target) => Ok((target, target.choose(alias, wish, request.headers())?)),
        Err(ResolveError::UnknownFunction) => Err(InvokeError::UnknownFunction),
        Err(ResolveError::NotDeployed) => Err(InvokeError::NotDeployed),
        Err(ResolveError::Repository(error)) => Err(InvokeError::Repository(error.clone())),
    }
}

/// The account of an invocation whose instance went without one: a panic inside the host.
pub(super) fn lost() -> Report {
    Report {
        outcome: Outcome::Internal,
        error: None,
        logs: Vec::new(),
        logs_truncated: false,
        subrequests: Vec::new(),
        timing: crate::execute::Timing::default(),
        usage: crate::execute::Usage::default(),
    }
}
