//! Functions and their versions, as they are kept. Deploying and invoking them are use cases in the modules above.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::alias::{Alias, Split, Sticky};
use crate::egress::EgressPolicy;
use crate::ids::{AliasName, Digest, EnvName, FunctionName, VersionId};
use crate::limits::LimitBounds;
use crate::secret::Sealed;

/// What the versions of a function are. A function stays what it was made as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FunctionKind {
    /// Modules for the engine.
    #[default]
    Js,
    /// Components of the operator's.
    Component,
}

impl FunctionKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Js => "js",
            Self::Component => "component",
        }
    }

    pub fn parse(raw: &str) -> Option<Self> {
        [Self::Js, Self::Component].into_iter().find(|kind| kind.as_str() == raw)
    }
}

/// A name that a tenant deploys code under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    pub name: FunctionName,
    pub kind: FunctionKind,
    pub labels: BTreeMap<String, String>,
    /// What traffic is sent to. `live` is there as soon as something was deployed.
    pub aliases: BTreeMap<AliasName, Alias>,
    /// The number the next new version gets.
    pub next_number: u64,
    /// Counts versions that were removed: whoever found a version there and then names it sees by this that none went in between.
    pub removals: u64,
    /// Beside and over the tenant's.
    pub env: BTreeMap<EnvName, String>,
    /// Below its tenant's. Nothing of it is about the tenant.
    pub limits: LimitBounds,
    pub egress: Option<Arc<EgressPolicy>>,
    /// Beside and over the tenant's; sealed with the tenant's data key.
    pub secrets: BTreeMap<EnvName, Sealed>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Function {
    pub fn new(name: FunctionName, now: Timestamp) -> Self {
        Self {
            name,
            kind: FunctionKind::Js,
            labels: BTreeMap::new(),
            aliases: BTreeMap::new(),
            next_number: 1,
            removals: 0,
            env: BTreeMap::new(),
            limits: LimitBounds::default(),
            egress: None,
            secrets: BTreeMap::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// The version that serves most of the traffic of `live`, if anything was deployed.
    pub fn live(&self) -> Option<&VersionId> {
        self.aliases.get(&AliasName::live()).map(|alias| alias.split.heaviest())
    }

    /// Prepares that a version goes: counts it, and forgets the splits before that name it. Changes nothing where an alias names it,
    /// and says which.
    pub fn let_go(&mut self, version: &VersionId) -> Result<(), AliasName> {
        if let Some((name, _)) = self.aliases.iter().find(|(_, alias)| alias.split.names(version)) {
            return Err(name.clone());
        }
        self.aliases.values_mut().for_each(|alias| alias.forget(version));
        self.removals += 1;
        Ok(())
    }

    /// Sends all traffic of an alias to one version.
    pub fn deploy(&mut self, alias: AliasName, version: VersionId, now: Timestamp) {
        let split = Split::whole(version);
        match self.aliases.get_mut(&alias) {
            Some(alias) => alias.point_at(split, now),
            None => drop(self.aliases.insert(alias, Alias::new(split, Sticky::None, now))),
        }
        self.updated_at = now;
    }
}

/// One immutable, content-addressed build of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub id: VersionId,
    /// Of the module map: the name of the blob that holds it.
    pub digest: Digest,
    /// Counts up from 1 within the function.
    pub number: u64,
    pub main_module: String,
    pub message: String,
    pub overlay_bytes: u64,
    pub startup_cpu_us: u64,
    pub created_at: Timestamp,
}
