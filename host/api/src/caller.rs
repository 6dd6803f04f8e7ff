//! Extractors that hand over authority: a bearer token becomes a credential, a credential and a path become a scope over one
//! tenant. In this order: who are you (401), is it there for you (404), may you (403).

use std::convert::Infallible;
use std::marker::PhantomData;

use axum::extract::{FromRequestParts, RawPathParams};
use http::header;
use http::request::Parts;
use isolet_domain::access::{Credential, Scope, TenantScope};
use isolet_domain::ids::{AliasName, EnvName, FunctionName, KeyId, RequestId, RouteId, RunId, TenantSlug, VersionId};
use isolet_domain::repository::RepositoryError;
use isolet_domain::route::RouteHost;
use isolet_domain::service::sign_in::SignInError;
use isolet_domain::tenant::{Tenant, TenantStatus};
use isolet_domain::trace::TraceId;
use serde_json::json;

use crate::catalogue::{self as rows, Row};
use crate::document::{Operation, Part};
use crate::failure::Failure;
use crate::room::Sends;
use crate::sender::Sender;
use crate::state::AppState;
use crate::trail::{self, Trail};

/// A scope as a type, so that a handler's signature says what it needs.
pub trait Needs: Send {
    const SCOPE: Scope;
}

macro_rules! needs {
    ($($name:ident)*) => { $(
        pub struct $name;
        impl Needs for $name { const SCOPE: Scope = Scope::$name; }
    )* };
}

/// The scopes.
pub mod needs {
    use super::{Needs, Scope};
    needs! {
        TenantsRead TenantsWrite KeysRead KeysWrite FunctionsRead FunctionsWrite VersionsRead VersionsWrite Deploy EnvRead
        EnvWrite EgressRead EgressWrite SecretsRead SecretsWrite RoutesRead RoutesWrite Invoke Run RunsRead RunsWrite LimitsWrite
        LogsRead MetricsRead UsageRead AuditRead
    }
}

/// Whoever holds a valid credential.
pub struct Caller(pub Credential);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Failure> {
        let token = bearer(parts).ok_or(Failure::Unauthenticated)?;
        let from = Sender::noted(&parts.extensions).address;
        match app.platform().sign_in.authenticate(token, from).await {
            Ok(credential) => {
                trail::note_caller(&parts.extensions, &credential);
                parts.extensions.insert(Sends::of(&credential));
                Ok(Self(credential))
            }
            Err(SignInError::Refused) => Err(Failure::Unauthenticated),
            Err(SignInError::Repository(error)) => Err(error.into()),
        }
    }
}

impl Part for Caller {
    fn describe(operation: &mut Operation<'_>) {
        operation.secured();
    }
}

/// The token that a request came with, for answers that last longer than what it stands for may.
pub struct Token(pub String);

impl FromRequestParts<AppState> for Token {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Failure> {
        bearer(parts).map(|token| Self(token.to_owned())).ok_or(Failure::Unauthenticated)
    }
}

impl Part for Token {
    fn describe(operation: &mut Operation<'_>) {
        operation.secured();
    }
}

/// The id that the request was given, and the trace that it says it belongs to.
pub struct Asked {
    pub id: RequestId,
    pub trace: Option<TraceId>,
}

impl FromRequestParts<AppState> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        let id = parts.extensions.get().copied().unwrap_or_else(RequestId::generate);
        Ok(Self { id, trace: TraceId::of(&parts.headers) })
    }
}

impl Part for Asked {
    fn describe(_: &mut Operation<'_>) {}
}

/// Where a handler notes who turned out to be asking, and what for, if only it can know.
pub struct Track(pub Trail);

impl FromRequestParts<AppState> for Track {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().cloned().unwrap_or_default()))
    }
}

impl Part for Track {
    fn describe(_: &mut Operation<'_>) {}
}

/// The one bearer token of a request (RFC 6750 §2.1).
fn bearer(parts: &Parts) -> Option<&str> {
    let mut fields = parts.headers.get_all(header::AUTHORIZATION).iter();
    let value = fields.next()?.to_str().ok()?;
    if fields.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A caller with a scope that is not about one tenant.
pub struct With<N> {
    pub credential: Credential,
    _needs: PhantomData<N>,
}

impl<N: Needs> FromRequestParts<AppState> for With<N> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Failure> {
        let Caller(credential) = Caller::from_request_parts(parts, app).await?;
        if !credential.allows(N::SCOPE) {
            return Err(Failure::Forbidden(N::SCOPE));
        }
        // What is bound to functions has nothing to do with what is none.
        if credential.bounds.functions.is_some() {
            return Err(Failure::BoundToFunctions);
        }
        trail::begin(&parts.extensions, app).await?;
        Ok(Self { credential, _needs: PhantomData })
    }
}

impl<N: Needs> Part for With<N> {
    fn describe(operation: &mut Operation<'_>) {
        operation.needs(N::SCOPE);
    }
}

/// A caller with a scope over the tenant in the path. A tenant out of reach is the same as one that does not exist.
pub struct In<N> {
    pub scope: TenantScope,
    pub tenant: Tenant,
    pub credential: Credential,
    _needs: PhantomData<N>,
}

impl<N: Needs> In<N> {
    /// `narrows`: the handler shows a key that is bound to functions what is about those, and nothing else.
    async fn of(parts: &mut Parts, app: &AppState, narrows: bool) -> Result<Self, Failure> {
        let Caller(credential) = Caller::from_request_parts(parts, app).await?;
        let slug = path_part(parts, app, "tenant").await.unwrap_or_default();
        let (scope, tenant) = reached(app, &credential, &slug).await?.ok_or(Failure::Missing("tenant"))?;
        trail::note_tenant(&parts.extensions, &scope);
        if !credential.allows(N::SCOPE) {
            return Err(Failure::Forbidden(N::SCOPE));
        }
        // What a key does not reach is for it as if it were not there. One that is bound to functions has nothing to do with what
        // is the tenant's as a whole.
        if credential.bounds.functions.is_some() && !narrows {
            let function = path_part(parts, app, FunctionName::NAME).await.ok_or(Failure::BoundToFunctions)?;
            let reached = FunctionName::parse(&function).is_ok_and(|name| credential.bounds.reaches(&name));
            if !reached {
                return Err(Failure::Missing(FunctionName::WHAT));
            }
        }
        if tenant.status == TenantStatus::Suspended && runs_something(N::SCOPE) {
            return Err(Failure::Suspended);
        }
        trail::begin(&parts.extensions, app).await?;
        Ok(Self { scope, tenant, credential, _needs: PhantomData })
    }
}

impl<N: Needs> FromRequestParts<AppState> for In<N> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Failure> {
        Self::of(parts, app, false).await
    }
}

/// The tenant of that slug, or `~` for the caller's own, if the caller reaches it.
pub async fn reached(
    app: &AppState,
    caller: &Credential,
    slug: &str,
) -> Result<Option<(TenantScope, Tenant)>, RepositoryError> {
    let tenants = &app.platform().tenants;
    let tenant = match (slug, TenantSlug::parse(slug)) {
        ("~", _) => tenants.of(caller).await?,
        (_, Ok(slug)) => tenants.find(&slug).await?,
        (_, Err(_)) => None,
    };
    Ok(tenant.and_then(|tenant| Some((caller.scope_over(&tenant)?, tenant))))
}

impl<N: Needs> Part for In<N> {
    fn describe(operation: &mut Operation<'_>) {
        let slug = json!({ "type": "string", "pattern": "^(~|[a-z0-9]+(-[a-z0-9]+)*)$", "maxLength": 30 });
        operation.in_path("tenant", slug);
        operation.needs(N::SCOPE);
        operation.fails(&[rows::NO_TENANT]);
        if runs_something(N::SCOPE) {
            operation.fails(&[rows::SUSPENDED]);
        }
    }
}

/// As `In`, also for a key that is bound to functions, whatever the path: what the handler shows it must be about those alone.
pub struct Among<N>(pub In<N>);

impl<N: Needs> FromRequestParts<AppState> for Among<N> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Failure> {
        In::of(parts, app, true).await.map(Self)
    }
}

impl<N: Needs> Part for Among<N> {
    fn describe(operation: &mut Operation<'_>) {
        In::<N>::describe(operation);
    }
}

/// Whether nothing of it is done for a suspended tenant. A build runs the code's top level, too.
fn runs_something(scope: Scope) -> bool {
    matches!(scope, Scope::Run | Scope::Invoke | Scope::VersionsWrite | Scope::Deploy)
}

/// A caller with a scope, for whatever its credential is bound to: its one tenant, or nobody's things.
pub struct Own<N> {
    pub scope: TenantScope,
    _needs: PhantomData<N>,
}

impl<N: Needs> FromRequestParts<AppState> for Own<N> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Failure> {
        let With { credential, .. } = With::<N>::from_request_parts(parts, app).await?;
        if credential.tenant.is_none() {
            return Ok(Self { scope: TenantScope::local(), _needs: PhantomData });
        }
        let tenant = app.platform().tenants.of(&credential).await?.ok_or(Failure::Missing("tenant"))?;
        let scope = credential.scope_over(&tenant).ok_or(Failure::Missing("tenant"))?;
        if tenant.status == TenantStatus::Suspended {
            return Err(Failure::Suspended);
        }
        Ok(Self { scope, _needs: PhantomData })
    }
}

impl<N: Needs> Part for Own<N> {
    fn describe(operation: &mut Operation<'_>) {
        operation.needs(N::SCOPE);
        operation.fails(&[rows::NO_TENANT, rows::SUSPENDED]);
    }
}

/// Something that a path names.
pub trait PathPart: Sized + Send {
    const NAME: &'static str;
    /// What there is none of when the text cannot be one.
    const WHAT: &'static str = Self::NAME;
    /// What it looks like (ECMA-262 regular expression).
    const PATTERN: &'static str;
    /// What is answered where there is none.
    const ABSENT: Row;
    fn read(raw: &str) -> Option<Self>;
}

macro_rules! path_parts {
    ($($type:ident = $name:literal $what:literal $pattern:literal $absent:expr;)*) => { $(
        impl PathPart for $type {
            const NAME: &'static str = $name;
            const WHAT: &'static str = $what;
            const PATTERN: &'static str = $pattern;
            const ABSENT: Row = $absent;
            fn read(raw: &str) -> Option<Self> { Self::parse(raw).ok() }
        }
    )* };
}

path_parts! {
    FunctionName = "function" "function" "^[a-z0-9]+(-[a-z0-9]+)*$" rows::NO_FUNCTION;
    AliasName = "alias" "alias" "^[a-z0-9]+(-[a-z0-9]+)*$" rows::NO_ALIAS;
    VersionId = "version" "version" "^v_[a-z2-7]{26}$" rows::NO_VERSION;
    RouteId = "route" "route" "^[a-z0-9]+(-[a-z0-9]+)*$" rows::NO_ROUTE;
    RouteHost = "host" "host" "^[a-z0-9-]+(\\.[a-z0-9-]+)+$" rows::NO_HOST;
    KeyId = "key" "key" "^key_[0-9a-f]{32}$" rows::NO_KEY;
    RunId = "run" "run" "^run_[0-9a-f]{32}$" rows::NO_RUN;
    EnvName = "variable" "variable" "^[A-Za-z_][A-Za-z0-9_]*$" rows::NO_VARIABLE;
}

/// A part of the path, parsed. To be extracted after the credential.
pub struct Of<T>(pub T);

impl<T: PathPart> FromRequestParts<AppState> for Of<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Failure> {
        let raw = path_part(parts, app, T::NAME).await.unwrap_or_default();
        T::read(&raw).map(Self).ok_or(Failure::Missing(T::WHAT))
    }
}

impl<T: PathPart> Part for Of<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.in_path(T::NAME, json!({ "type": "string", "pattern": T::PATTERN }));
        operation.fails(&[T::ABSENT]);
    }
}

macro_rules! raw_parts {
    ($($raw:ident = $name:literal $parsed:ident $max_length:literal;)*) => { $(
        /// A part of the path as it is, percent-decoded.
        pub struct $raw(pub String);

        impl FromRequestParts<AppState> for $raw {
            type Rejection = Failure;

            async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Failure> {
                path_part(parts, app, $name).await.map(Self).ok_or(Failure::NoRoute)
            }
        }

        impl Part for $raw {
            fn describe(operation: &mut Operation<'_>) {
                operation.in_path($name, json!({ "type": "string", "pattern": $parsed::PATTERN, "maxLength": $max_length }));
            }
        }
    )* };
}

raw_parts! {
    RawFunction = "function" FunctionName 30;
    RawAlias = "alias" AliasName 30;
    RawRoute = "route" RouteId 30;
    RawHost = "host" RouteHost 253;
}

async fn path_part(parts: &mut Parts, app: &AppState, name: &str) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, app).await.ok()?;
    params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}
