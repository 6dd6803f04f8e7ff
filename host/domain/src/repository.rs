//! The ports to persistence. Two implementations live in `storage` (embedded and Redis) under one contract suite.
//!
//! What every implementation promises: a write that returned `Ok` is durable (runs and prompts aside: those may lag by the
//! documented flush interval), a write that returned an error left nothing behind that a reader can see, and no call ever shows
//! one tenant's records to another's scope.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

use crate::access::TenantScope;
use crate::answer::{Claimed, Remembered};
use crate::audit::{AuditEntry, Link};
use crate::function::{Function, Version};
use crate::ids::{AliasName, AuditId, Digest, FunctionName, HostId, KeyId, RunId, TenantId, TenantSlug, VersionId};
use crate::key::Key;
use crate::key_mark::KeyMark;
use crate::log::{LogBatch, LogKeep, LogPosition, StoredLogs};
use crate::notice::Notice;
use crate::route::{RouteHost, Routing};
use crate::run::Run;
use crate::series::{Keeping, Place, Recorded, Step, Tallies};
use crate::tenant::Tenant;

/// Why the store could not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The backend is gone, too slow, full or refuses writes. Nothing was changed as far as any reader can see.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// A record is there and cannot be understood.
    #[error("the record `{what}` cannot be read: {why}")]
    Corrupt { what: String, why: String },
    /// A record is there that a later isolet wrote and this one cannot read. It is left as it is.
    #[error("the record `{what}` is of version {version}, and this host reads up to {known}: a later isolet wrote it")]
    Newer { what: String, version: u32, known: u32 },
}

/// Why a conditional write did not happen.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Something of that name is there already.
    #[error("it exists already")]
    Exists,
    /// What it would change or hang on is not there.
    #[error("it does not exist")]
    Missing,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// What came of the removal of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone, and named this content: if nobody else does, that is for [`BlobRepository::purge_blobs`].
    Gone(Digest),
    /// It is there as before: this alias names it.
    Named(AliasName),
}

/// A part of an ordered list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Whether there is more after the last item.
    pub more: bool,
}

#[async_trait]
pub trait TenantRepository: Send + Sync {
    /// Adds a tenant; `Exists` when its slug is taken.
    async fn create_tenant(&self, tenant: &Tenant) -> Result<(), WriteError>;
    async fn tenant_by_slug(&self, slug: &TenantSlug) -> Result<Option<Tenant>, RepositoryError>;
    async fn tenant_by_id(&self, id: &TenantId) -> Result<Option<Tenant>, RepositoryError>;
    /// Applies `change` to the stored record in one atomic step and returns it; slug and id never change. It may be called more
    /// than once. `Missing` when the tenant is gone.
    async fn update_tenant(
        &self,
        id: &TenantId,
        change: &(dyn for<'t> Fn(&'t mut Tenant) + Send + Sync),
    ) -> Result<Tenant, WriteError>;
    /// Removes a tenant with its keys, functions, versions, hosts, routes, runs, prompts, log and series, and says which contents these named: what
    /// nobody else names of them is for [`BlobRepository::purge_blobs`]. `Missing` when it is gone.
    async fn delete_tenant(&self, id: &TenantId) -> Result<BTreeSet<Digest>, WriteError>;
    /// The bytes of its record, of its functions, versions and runs, and of the contents that these name, each once. What is batched, and not
    /// written yet, may be missing.
    async fn stored_bytes(&self, tenant: &TenantScope) -> Result<u64, RepositoryError>;
    /// Tenants by slug, those after `after`.
    async fn list_tenants(&self, after: Option<&TenantSlug>, limit: usize) -> Result<Page<Tenant>, RepositoryError>;
}

#[async_trait]
pub trait KeyRepository: Send + Sync {
    async fn create_key(&self, key: &Key) -> Result<(), WriteError>;
    async fn key_by_hash(&self, hash: &Digest) -> Result<Option<Key>, RepositoryError>;
    /// Applies `change` to the stored record in one atomic step and returns it; id, hash and tenant never change. It may be called
    /// more than once. `Missing` when the key is gone.
    async fn update_key(
        &self,
        hash: &Digest,
        change: &(dyn for<'k> Fn(&'k mut Key) + Send + Sync),
    ) -> Result<Key, WriteError>;
    /// Keys bound to this tenant, by id.
    async fn list_keys(&self, tenant: &TenantScope) -> Result<Vec<Key>, RepositoryError>;
    /// Removes a key bound to this tenant; `Missing` also when it is bound to another.
    async fn delete_key(&self, tenant: &TenantScope, id: &KeyId) -> Result<(), WriteError>;
    /// Keys bound to no tenant, by id. All keys may be looked through for them.
    async fn list_global_keys(&self) -> Result<Vec<Key>, RepositoryError>;
    /// Removes a key bound to no tenant; `Missing` also when it is bound to one.
    async fn delete_global_key(&self, hash: &Digest) -> Result<(), WriteError>;
}

#[async_trait]
pub trait FunctionRepository: Send + Sync {
    /// Adds a function; `Exists` when the tenant has one of that name, `Missing` when the tenant is gone.
    async fn create_function(&self, tenant: &TenantScope, function: &Function) -> Result<(), WriteError>;
    async fn function(&self, tenant: &TenantScope, name: &FunctionName) -> Result<Option<Function>, RepositoryError>;
    /// Functions by name, those after `after`.
    async fn list_functions(
        &self,
        tenant: &TenantScope,
        after: Option<&FunctionName>,
        limit: usize,
    ) -> Result<Page<Function>, RepositoryError>;
    /// Applies `change` to the stored record in one atomic step and returns it; the name and the counts of versions never change. It may
    /// be called more than once.
    // `'f` is spelled out because `async_trait` would otherwise make it a lifetime of the whole call.
    async fn update_function(
        &self,
        tenant: &TenantScope,
        name: &FunctionName,
        change: &(dyn for<'f> Fn(&'f mut Function) + Send + Sync),
    ) -> Result<Function, WriteError>;
    /// Removes a function with its versions, and says which contents these named: what nobody else names of them is for
    /// [`BlobRepository::purge_blobs`].
    async fn delete_function(&self, tenant: &TenantScope, name: &FunctionName) -> Result<BTreeSet<Digest>, WriteError>;

    /// Adds a version, giving it the function's next number, in one atomic step. When the function already has a version of that
    /// digest, that one is returned unchanged with `false`. The code's blob must have been stored before.
    async fn add_version(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        version: Version,
    ) -> Result<(Version, bool), WriteError>;
    async fn version(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
    ) -> Result<Option<Version>, RepositoryError>;
    /// Removes a version that no alias names, as [`Function::let_go`] says, in one atomic step; its number is not given again.
    /// `Missing` when the function has no such version.
    async fn delete_version(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
    ) -> Result<Removal, WriteError>;
    /// Versions, newest number first, those with a number below `before`.
    async fn list_versions(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Version>, RepositoryError>;
}

#[async_trait]
pub trait RouteRepository: Send + Sync {
    /// Makes the host this tenant's. `Exists` when it is another's, `Missing` when the tenant is gone.
    async fn claim_host(&self, tenant: &TenantScope, host: &RouteHost) -> Result<(), WriteError>;
    /// Makes it nobody's, and removes the tenant's routes on it. `Missing` when it is not this tenant's.
    async fn release_host(&self, tenant: &TenantScope, host: &RouteHost) -> Result<(), WriteError>;
    /// Whose it is, if that tenant's routing has it.
    async fn host_owner(&self, host: &RouteHost) -> Result<Option<TenantId>, RepositoryError>;
    /// The tenant's hosts and routes; none when nothing was ever set.
    async fn routing(&self, tenant: &TenantScope) -> Result<Routing, RepositoryError>;
    /// Applies `change` to the stored record in one atomic step and returns it; the hosts never change. It may be called more than
    /// once. `Missing` when the tenant is gone.
    async fn update_routing(
        &self,
        tenant: &TenantScope,
        change: &(dyn for<'r> Fn(&'r mut Routing) + Send + Sync),
    ) -> Result<Routing, WriteError>;
}

/// Contents by their digest. Shared at rest; a digest alone grants nothing, whoever asks has a record that names it.
#[async_trait]
pub trait BlobRepository: Send + Sync {
    /// Durable before it returns. Storing the same bytes again is cheap.
    async fn put_blob(&self, bytes: Bytes) -> Result<Digest, RepositoryError>;
    /// The bytes, checked against the digest; `None` when there is no such blob.
    async fn blob(&self, digest: &Digest) -> Result<Option<Bytes>, RepositoryError>;
    /// Removes those of these contents that no version and no run names, and says how many. Whoever adds a version puts its content
    /// before and after: what is removed in between is there again then.
    async fn purge_blobs(&self, candidates: BTreeSet<Digest>) -> Result<usize, RepositoryError>;
}

#[async_trait]
pub trait RunRepository: Send + Sync {
    /// Adds a record and drops the oldest unstarred ones beyond `keep`.
    async fn record_run(&self, tenant: &TenantScope, run: &Run, keep: usize) -> Result<(), RepositoryError>;
    async fn run(&self, tenant: &TenantScope, id: &RunId) -> Result<Option<Run>, RepositoryError>;
    /// Newest first, those before `before`.
    async fn list_runs(
        &self,
        tenant: &TenantScope,
        before: Option<&RunId>,
        limit: usize,
    ) -> Result<Page<Run>, RepositoryError>;
    async fn star_run(&self, tenant: &TenantScope, id: &RunId, starred: bool) -> Result<Run, WriteError>;
    async fn delete_run(&self, tenant: &TenantScope, id: &RunId) -> Result<(), WriteError>;
    /// Removes all but the starred ones.
    async fn clear_runs(&self, tenant: &TenantScope) -> Result<(), RepositoryError>;
}

/// Answers that are remembered for a while. They end by themselves, and with their tenant; those for nobody's credentials are the
/// local scope's.
#[async_trait]
pub trait AnswerRepository: Send + Sync {
    /// Takes this place in one atomic step, unless it is taken; what ended before `now` does not count, and is removed by and by.
    /// `Full` when the scope has `keep` places that have not ended.
    async fn claim_answer(
        &self,
        tenant: &TenantScope,
        place: &Digest,
        claim: &Remembered,
        now: Timestamp,
        keep: usize,
    ) -> Result<Claimed, RepositoryError>;
    /// Puts this in place of the claim, also when that was forgotten in the meantime.
    async fn keep_answer(
        &self,
        tenant: &TenantScope,
        place: &Digest,
        remembered: &Remembered,
    ) -> Result<(), RepositoryError>;
    async fn forget_answer(&self, tenant: &TenantScope, place: &Digest) -> Result<(), RepositoryError>;
}

/// The audit: what was done stays written, in the order of each host.
#[async_trait]
pub trait AuditRepository: Send + Sync {
    /// Where this host's chain ends, and of the others the one that was written to last.
    async fn audit_heads(&self, host: &HostId) -> Result<(Option<Link>, Option<Link>), RepositoryError>;
    /// Notes what one host is about to do.
    async fn begin_audit(&self, begun: &[AuditEntry]) -> Result<(), RepositoryError>;
    /// What this host noted and did not add to its chain.
    async fn begun_audit(&self, host: &HostId) -> Result<Vec<AuditEntry>, RepositoryError>;
    /// Adds entries of one host, in their order, in one atomic step, in which what was noted under their ids goes. `Exists` when its chain does
    /// not end right before the first.
    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<(), WriteError>;
    /// Newest first, those before `before`: of one tenant, or all.
    async fn list_audit(
        &self,
        tenant: Option<&TenantScope>,
        before: Option<&AuditId>,
        limit: usize,
    ) -> Result<Page<AuditEntry>, RepositoryError>;
    /// Where each chain ends, by host.
    async fn audit_chains(&self) -> Result<Vec<Link>, RepositoryError>;
    /// The next entries of a chain by number, those after `after`; `None` for what is there and cannot be read.
    async fn audit_chain(
        &self,
        host: &HostId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Option<AuditEntry>)>, RepositoryError>;
    /// Removes the entries of a chain up to this number, some at a time. Says whether there may be more.
    async fn trim_audit(&self, host: &HostId, up_to: u64) -> Result<bool, RepositoryError>;
}

/// Tenants' logs, in batches. They end with their tenant.
#[async_trait]
pub trait LogRepository: Send + Sync {
    /// Adds a batch after all others of the tenant, and drops the oldest batches beyond what is kept. One that is sent `again` and is
    /// there already is left as it is. Nothing happens when the tenant is gone.
    async fn append_logs(
        &self,
        tenant: &TenantScope,
        batch: &LogBatch,
        again: bool,
        keep: &LogKeep,
    ) -> Result<(), RepositoryError>;
    /// Batches with a record after this position, oldest first: as many as have so many bytes, and one at least.
    async fn logs_after(
        &self,
        tenant: &TenantScope,
        after: LogPosition,
        bytes: usize,
    ) -> Result<Vec<StoredLogs>, RepositoryError>;
    /// Batches with a record before this position, or all, newest first: as many as have so many bytes, and one at least.
    async fn logs_before(
        &self,
        tenant: &TenantScope,
        before: Option<LogPosition>,
        bytes: usize,
    ) -> Result<Vec<StoredLogs>, RepositoryError>;
}

/// Requests that were let in and are to be counted for all hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateCharge {
    pub tenant: TenantId,
    pub per_second: u32,
    pub count: u32,
}

impl RateCharge {
    /// Between one request and the next, at this rate.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(1) / self.per_second.max(1)
    }
}

/// Rates that the hosts of one store keep together.
#[async_trait]
pub trait RateRepository: Send + Sync {
    /// Charges the tenants' buckets, and says of each how long it is until it is full again. `None` where no other host uses the store.
    async fn charge_rates(&self, charges: &[RateCharge]) -> Result<Option<Vec<Duration>>, RepositoryError>;
}

/// What hosts tell each other. Nothing is kept: who does not listen just then never hears of it.
#[async_trait]
pub trait NoticeRepository: Send + Sync {
    /// Tells the other hosts.
    async fn tell(&self, notices: &[Notice]) -> Result<(), RepositoryError>;
    /// Listens to the others for as long as that goes well, beginning with [`Notice::Everything`]: what was told before was missed.
    /// `false`, and at once, where there are no others.
    async fn listen(&self, heard: &(dyn Fn(Notice) + Send + Sync)) -> Result<bool, RepositoryError>;
}

/// What tenants' executions came to, in windows. They end with their tenant.
#[async_trait]
pub trait SeriesRepository: Send + Sync {
    /// Puts a host's part of a window in place of what it put before, unless the window is closed, and drops parts of that step that are
    /// older than is kept. Nothing happens when the tenant is gone.
    async fn put_tallies(
        &self,
        tenant: &TenantScope,
        place: &Place,
        tallies: &Tallies,
        keeping: Keeping,
    ) -> Result<Recorded, RepositoryError>;
    /// All hosts' parts of the windows that start between these seconds, the second one aside.
    async fn tallies(
        &self,
        tenant: &TenantScope,
        step: Step,
        between: (i64, i64),
    ) -> Result<Vec<(Place, Tallies)>, RepositoryError>;
}

/// All of them, and the store's own health.
#[async_trait]
pub trait Repository:
    TenantRepository
    + KeyRepository
    + FunctionRepository
    + RouteRepository
    + BlobRepository
    + RunRepository
    + AnswerRepository
    + AuditRepository
    + LogRepository
    + RateRepository
    + NoticeRepository
    + SeriesRepository
{
    /// Whether the store answers and takes writes just now.
    async fn check(&self) -> Result<(), RepositoryError>;
    /// What the secret keys of the hosts are told by, as the first host noted it; `ours` is noted where nothing is.
    async fn key_mark(&self, ours: &KeyMark) -> Result<KeyMark, RepositoryError>;
    /// Writes out what is batched. Called at the end of a drain.
    async fn flush(&self) -> Result<(), RepositoryError>;
    /// `embedded` or `redis`.
    fn kind(&self) -> &'static str;
}
