//! How failures around the things that are configured are answered: tenants, keys, rules, secrets, aliases, routes, limits; and what
//! these have in common with others. The rest of the table is in `failure`.

use isolet_domain::repository::RepositoryError;
use isolet_domain::service::aliases::AliasError;
use isolet_domain::service::keys::KeyError;
use isolet_domain::service::limit_settings::LimitError;
use isolet_domain::service::policies::PolicyError;
use isolet_domain::service::routes::RouteError;
use isolet_domain::service::secrets::SecretError;
use isolet_domain::service::storage::StorageError;
use isolet_domain::service::tenants::TenantError;

use crate::catalogue::{self as rows, Row};

pub(crate) fn repository(error: &RepositoryError) -> Row {
    match error {
        RepositoryError::Unavailable(_) => rows::STORE,
        RepositoryError::Corrupt { .. } | RepositoryError::Newer { .. } => rows::INTERNAL,
    }
}

pub(crate) fn storage(error: &StorageError) -> Row {
    match error {
        StorageError::Full(_) => rows::STORAGE_FULL,
        StorageError::Repository(error) => repository(error),
    }
}

pub(crate) fn missing(what: &str) -> Row {
    match what {
        "tenant" => rows::NO_TENANT,
        "function" => rows::NO_FUNCTION,
        "version" => rows::NO_VERSION,
        "run" => rows::NO_RUN,
        "key" => rows::NO_KEY,
        "alias" => rows::NO_ALIAS,
        "route" => rows::NO_ROUTE,
        "host" => rows::NO_HOST,
        "variable" => rows::NO_VARIABLE,
        "secret" => rows::NO_SECRET,
        _ => rows::NOT_FOUND,
    }
}

pub(crate) fn tenant(error: &TenantError) -> Row {
    match error {
        TenantError::SlugTaken(_) => rows::SLUG_TAKEN,
        TenantError::Unknown => missing("tenant"),
        TenantError::UnknownPlan(_) => rows::INVALID,
        TenantError::Changed => rows::CHANGED,
        TenantError::Repository(error) => repository(error),
    }
}

pub(crate) fn policy(error: &PolicyError) -> Row {
    match error {
        PolicyError::UnknownTenant => missing("tenant"),
        PolicyError::UnknownFunction => rows::NO_FUNCTION,
        PolicyError::NotAllowed(_) => rows::EGRESS_NOT_ALLOWED,
        PolicyError::NotTheOperator => rows::FORBIDDEN,
        PolicyError::ConditionMissing => rows::UNCONDITIONAL,
        PolicyError::ConditionFailed => rows::CHANGED,
        PolicyError::Repository(error) => repository(error),
    }
}

pub(crate) fn secret(error: &SecretError) -> Row {
    match error {
        SecretError::UnknownTenant => missing("tenant"),
        SecretError::UnknownFunction => rows::NO_FUNCTION,
        SecretError::Unknown => missing("secret"),
        SecretError::Value => rows::INVALID,
        SecretError::Changed => rows::CHANGED,
        SecretError::TooMany => rows::TOO_MANY_SECRETS,
        SecretError::Storage(error) => storage(error),
        SecretError::Repository(error) => repository(error),
    }
}

pub(crate) fn key(error: &KeyError) -> Row {
    match error {
        KeyError::Exceeds(_) | KeyError::Unbounded | KeyError::NotTheOperator => rows::FORBIDDEN,
        KeyError::NotForTenants(_)
        | KeyError::NotForAll(_)
        | KeyError::NotOfPreset(_)
        | KeyError::Outlives
        | KeyError::Past => rows::INVALID,
        KeyError::LastAdmin => rows::LAST_ADMIN_KEY,
        KeyError::TooMany => rows::TOO_MANY_API_KEYS,
        KeyError::Unknown => missing("key"),
        KeyError::Repository(error) => repository(error),
    }
}

pub(crate) fn alias(error: &AliasError) -> Row {
    match error {
        AliasError::UnknownFunction => rows::NO_FUNCTION,
        AliasError::Unknown => rows::NO_ALIAS,
        AliasError::UnknownVersion(_) => rows::INVALID,
        AliasError::TooMany => rows::TOO_MANY_ALIASES,
        AliasError::Routed(_) => rows::ALIAS_ROUTED,
        AliasError::NothingEarlier => rows::NOTHING_EARLIER,
        AliasError::ConditionMissing => rows::UNCONDITIONAL,
        AliasError::ConditionFailed => rows::CHANGED,
        // What is wrong with the code has its own part of the table.
        AliasError::Build(_) | AliasError::MissingCode(_) => rows::INTERNAL,
        AliasError::Repository(error) => repository(error),
    }
}

pub(crate) fn route(error: &RouteError) -> Row {
    match error {
        RouteError::UnknownTenant => missing("tenant"),
        RouteError::Unknown => missing("route"),
        RouteError::UnknownHost => missing("host"),
        RouteError::HostTaken(_) => rows::HOST_TAKEN,
        RouteError::HostNotAssigned(_) | RouteError::UnknownFunction(_) => rows::INVALID,
        RouteError::PrefixTaken(_) => rows::PREFIX_TAKEN,
        RouteError::TooManyHosts => rows::TOO_MANY_HOSTS,
        RouteError::TooManyRoutes => rows::TOO_MANY_ROUTES,
        RouteError::ConditionFailed => rows::CHANGED,
        RouteError::Repository(error) => repository(error),
    }
}

pub(crate) fn limit(error: &LimitError) -> Row {
    match error {
        LimitError::UnknownTenant => missing("tenant"),
        LimitError::UnknownFunction => rows::NO_FUNCTION,
        LimitError::ConditionFailed => rows::CHANGED,
        LimitError::Repository(error) => repository(error),
    }
}
