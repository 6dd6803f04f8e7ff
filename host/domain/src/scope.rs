//! The things that a credential may do, one by one (scopes) and in named sets (presets). Who may do them is in `access`.

macro_rules! scopes {
    ($($variant:ident = $name:literal,)*) => {
        /// One thing a credential may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scope { $($variant,)* }

        impl Scope {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub fn parse(raw: &str) -> Option<Self> {
                match raw { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

scopes! {
    TenantsRead = "tenants:read",
    TenantsWrite = "tenants:write",
    KeysRead = "keys:read",
    KeysWrite = "keys:write",
    FunctionsRead = "functions:read",
    FunctionsWrite = "functions:write",
    VersionsRead = "versions:read",
    VersionsWrite = "versions:write",
    Deploy = "deploy",
    EnvRead = "env:read",
    EnvWrite = "env:write",
    EgressRead = "egress:read",
    EgressWrite = "egress:write",
    SecretsRead = "secrets:read",
    SecretsWrite = "secrets:write",
    RoutesRead = "routes:read",
    RoutesWrite = "routes:write",
    Invoke = "invoke",
    Run = "run",
    RunsRead = "runs:read",
    RunsWrite = "runs:write",
    LimitsWrite = "limits:write",
    LogsRead = "logs:read",
    MetricsRead = "metrics:read",
    AuditRead = "audit:read",
    ComponentsWrite = "components:write",
    UsageRead = "usage:read",
}

/// A named set of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Everything, all tenants: the operator.
    Admin,
    /// All tenants, without minting admin keys: what a SaaS backend holds.
    Platform,
    /// One tenant, everything in it.
    Tenant,
    Deployer,
    InvokeOnly,
    ReadOnly,
}

impl Preset {
    pub const ALL: [Self; 6] =
        [Self::Admin, Self::Platform, Self::Tenant, Self::Deployer, Self::InvokeOnly, Self::ReadOnly];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Platform => "platform",
            Self::Tenant => "tenant",
            Self::Deployer => "deployer",
            Self::InvokeOnly => "invoke-only",
            Self::ReadOnly => "read-only",
        }
    }

    pub fn parse(raw: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == raw)
    }

    /// Whether keys of this preset reach every tenant rather than one.
    pub const fn is_global(self) -> bool {
        matches!(self, Self::Admin | Self::Platform)
    }

    pub fn scopes(self) -> Vec<Scope> {
        use Scope::*;
        match self {
            Self::Admin => Scope::ALL.to_vec(),
            // All but to mint the admin's, which is more than any scope, and to bring components.
            Self::Platform => Scope::ALL.iter().copied().filter(|scope| *scope != ComponentsWrite).collect(),
            Self::Tenant => Scope::ALL
                .iter()
                .copied()
                .filter(|scope| !matches!(scope, ComponentsWrite | TenantsWrite | LimitsWrite))
                .collect(),
            Self::Deployer => {
                vec![
                    FunctionsRead,
                    FunctionsWrite,
                    VersionsRead,
                    VersionsWrite,
                    Deploy,
                    EnvRead,
                    EnvWrite,
                    EgressRead,
                    LogsRead,
                ]
            }
            Self::InvokeOnly => vec![Invoke],
            Self::ReadOnly => {
                vec![
                    TenantsRead,
                    KeysRead,
                    FunctionsRead,
                    VersionsRead,
                    EnvRead,
                    EgressRead,
                    SecretsRead,
                    RoutesRead,
                    RunsRead,
                    LogsRead,
                    MetricsRead,
                    UsageRead,
                ]
            }
        }
    }
}
