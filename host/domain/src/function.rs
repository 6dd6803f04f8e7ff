//! Functions and their versions, as they are kept. Deploying and invoking them are use cases in the modules above.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::egress::EgressPolicy;
use crate::ids::{Digest, EnvName, FunctionName, VersionId};
use crate::secret::Sealed;

/// A name that a tenant deploys code under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    pub name: FunctionName,
    pub labels: BTreeMap<String, String>,
    /// The version that serves traffic, if any was deployed.
    pub live: Option<VersionId>,
    /// The number the next new version gets.
    pub next_number: u64,
    pub env: BTreeMap<EnvName, String>,
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
            labels: BTreeMap::new(),
            live: None,
            next_number: 1,
            env: BTreeMap::new(),
            egress: None,
            secrets: BTreeMap::new(),
            created_at: now,
            updated_at: now,
        }
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
