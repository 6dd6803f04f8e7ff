//! Invocations of deployed functions, from the ingress and from the API alike: resolve, admit, make ready, run. Bodies stream
//! through; what the guest answers is nobody's business here.

use std::sync::Arc;
use std::time::Duration;

use http_body::Body as _;

use super::account::{Account, Books};
use super::admission::{Admissions, NotAdmitted, Permit};
use super::preparation::{Preparation, PrepareError};
use super::resolver::{ResolveError, Resolver};
use super::target::{NotServed, Served, Target, Wish};
use crate::access::TenantScope;
use crate::body::Body;
use crate::egress;
use crate::execute::{BuildError, Invocation, Prepared, Report};
use crate::ids::{AliasName, Digest, FunctionName, RequestId, TenantId, TenantSlug, VersionId};
use crate::log::Via;
use crate::outcome::Outcome;
use crate::repository::RepositoryError;
use crate::trace::TraceId;

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
            Self::NotAdmitted(error) => error.outcome(),
            Self::Build(error) => error.outcome(),
            Self::Guest(report) => report.outcome,
            Self::MissingCode(_) | Self::Repository(_) => Outcome::Internal,
            Self::BodyTooLarge { .. } | Self::Loop => return None,
        })
    }

    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NotAdmitted(error) => Some(error.retry_after()),
            Self::Build(BuildError::Overloaded { retry_after }) => Some(*retry_after),
            _ => None,
        }
    }
}

pub struct Invoker {
    preparation: Preparation,
    resolver: Arc<Resolver>,
    admissions: Arc<Admissions>,
    books: Arc<Books>,
}

impl Invoker {
    pub(super) fn new(
        preparation: Preparation,
        resolver: Arc<Resolver>,
        admissions: Arc<Admissions>,
        books: Arc<Books>,
    ) -> Self {
        Self { preparation, resolver, admissions, books }
    }

    /// The invocation of a request whose host name and path name the function and one of its aliases. With an `owner`, only if that
    /// tenant has the slug: it may have passed to another one since the route was read.
    pub async fn invoke_route(
        &self,
        (tenant, owner): (&TenantSlug, Option<TenantId>),
        (function, alias): (&FunctionName, &str),
        id: RequestId,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, InvokeError> {
        let account = Account::open(&self.books, Via::Ingress, id);
        let target = match self.resolver.resolve(tenant, function).await {
            Ok(target) if owner.is_some_and(|owner| owner != target.scope.id()) => Err(ResolveError::UnknownFunction),
            other => other,
        };
        let found = chosen(&target, alias, &Wish::default(), &request);
        self.counted(account, found, request).await
    }

    /// The invocation of an authenticated caller, and the version that answered.
    pub async fn invoke_as(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        wish: &Wish,
        id: RequestId,
        request: http::Request<Body>,
    ) -> Result<(http::Response<Body>, VersionId), InvokeError> {
        let account = Account::open(&self.books, Via::Invoke, id);
        let target = match self.resolver.resolve(tenant.slug(), function).await {
            // The slug may have passed to another tenant since the credential was checked.
            Ok(target) if target.scope.id() != tenant.id() => Err(ResolveError::UnknownFunction),
            other => other,
        };
        let found = chosen(&target, AliasName::LIVE, wish, &request);
        let version = found.as_ref().ok().map(|(_, served)| served.version.clone());
        let response = self.counted(account, found, request).await?;
        Ok((response, version.ok_or(InvokeError::UnknownVersion)?))
    }

    async fn counted(
        &self,
        mut account: Account,
        found: Result<(&Target, &Served), InvokeError>,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, InvokeError> {
        account.asked(&request, TraceId::of(request.headers()));
        let (hops, body_bytes) = (egress::hops(request.headers()), request.body().size_hint().lower());
        let ready = match found {
            Ok((target, served)) => {
                account.found(target.scope.clone(), served.origin.clone());
                self.ready(target, served, (hops, body_bytes)).await.map(|ready| (target, ready))
            }
            Err(error) => Err(error),
        };
        let (target, (permit, prepared)) = match ready {
            Ok(ready) => ready,
            Err(error) => {
                match error.outcome() {
                    Some(outcome) => account.close(outcome),
                    None => account.discard(),
                }
                return Err(error);
            }
        };
        account.is_cold(!prepared.cached);
        let invocation = Invocation {
            held_bytes: 0,
            request,
            env: target.env.clone(),
            limits: permit.within(target.limits),
            tenant: target.scope.id(),
            egress: target.egress.clone(),
            entrypoint: None,
            events: None,
            place: Some(permit),
            ended: Some(account.until_ended(false)),
        };
        let answer = self.preparation.executor.invoke(&prepared, invocation).await;
        match answer.response {
            Some(response) => Ok(response),
            None => {
                let report = answer.report.await.unwrap_or_else(|_| Report::of(Outcome::Internal));
                Err(InvokeError::Guest(Box::new(report)))
            }
        }
    }

    /// A place for the request, and the code made ready.
    async fn ready(
        &self,
        target: &Target,
        served: &Served,
        (hops, body_bytes): (u32, u64),
    ) -> Result<(Arc<Permit>, Prepared), InvokeError> {
        if target.suspended {
            return Err(InvokeError::Suspended);
        }
        if hops > egress::MAX_HOPS {
            return Err(InvokeError::Loop);
        }
        // A length that is known is refused before anything is spent on it; others are counted as they stream.
        let limit_bytes = target.limits.request_body_bytes;
        if body_bytes > limit_bytes {
            return Err(InvokeError::BodyTooLarge { limit_bytes });
        }
        let permit = Arc::new(self.admissions.enter(target.scope.id(), &target.admission).await?);
        let prepared = self.preparation.known(&target.scope, &served.code, &served.code_key, target.limits).await?;
        Ok((permit, prepared))
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
