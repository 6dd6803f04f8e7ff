//! Runs: code or a version, one request, the whole account as an answer, and a record of it. What became of earlier runs is in
//! `history`; how one that was started ends is in `finish`, and the collecting of its guest's answer in `collect`, inside this module.

mod collect;
mod error;
mod finish;
mod later;
mod replay;
mod request;
mod updates;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;

use super::account::{Account, Books};
use super::admission::{Admissions, Permit, Standing};
use super::authority::Authority;
use super::preparation::Preparation;
use super::rulebook::Rulebook;
use super::storage::Storage;
use crate::access::TenantScope;
use crate::alias::WHOLE;
use crate::code::Code;
use crate::execute::{PrepareOptions, Prepared};
use crate::function::Function;
use crate::ids::{AliasName, Digest, EnvName, FunctionName, RequestId, RunId, VersionId};
use crate::limits::Limits;
use crate::log::{Origin, Via};
use crate::prompt::Prompt;
use crate::run::CallOptions;
use crate::tenant::Tenant;
use crate::trace::TraceId;
pub use collect::ANSWERED_BODY_BYTES;
use collect::Execution;
pub use error::RunError;
use error::outcome;
pub use later::Unattended;
use later::UnderWay;
pub use replay::ReplayRights;
pub use request::{InvalidRequest, RunRequest};
pub use updates::{RunUpdate, Updates};

/// Of a run of what was a function's.
const ORPHANED: &str =
    "the function's version is gone, and its egress rules with it; it ran again without outgoing requests";

/// What to run.
pub enum RunCode {
    Modules(Code),
    /// A version of whichever function of the tenant has it.
    Version(VersionId),
    /// A version that traffic of this alias of a function may get, with the function's variables.
    Function(FunctionName, AliasName),
    /// What ran before as a version of a function: as that again where it still is one, with those of the function's variables whose
    /// names it had; else as the code alone, which may send nothing.
    Recorded {
        function: FunctionName,
        version: VersionId,
        code: Code,
        env_names: Vec<String>,
        reads_env: bool,
    },
}

/// A run as it is asked for.
pub struct RunSpec {
    pub code: RunCode,
    pub prompt: Option<Prompt>,
    /// What the guest is sent; without it the prompt's request, and without a prompt `GET /`.
    pub request: Option<RunRequest>,
    /// Beside and over those of tenant and function.
    pub env: BTreeMap<EnvName, String>,
    pub call: CallOptions,
    /// Build anew even if there is a build.
    pub fresh: bool,
    pub record: bool,
}

pub struct Runs {
    preparation: Preparation,
    admissions: Arc<Admissions>,
    authority: Arc<Authority>,
    rulebook: Arc<Rulebook>,
    books: Arc<Books>,
    kept: usize,
    storage: Arc<Storage>,
    under_way: UnderWay,
}

/// A run that was admitted and whose code is ready: from here on it ends with an outcome, not an error.
pub struct StartedRun {
    id: RunId,
    created_at: Timestamp,
    preparation: Preparation,
    kept: usize,
    storage: Arc<Storage>,
    under_way: UnderWay,
    /// What the tenant may have stored.
    stored_bytes: Option<u64>,
    tenant: TenantScope,
    execution: Execution,
    permit: Arc<Permit>,
    account: Account,
    /// Blob bytes to be stored with the record, when the code came with the run.
    code_bytes: Option<Bytes>,
    prompt: Option<Prompt>,
    record: bool,
    /// There is a record that says that it is under way. Whoever forgets that wants the run forgotten.
    on_record: bool,
    warnings: Vec<String>,
}

/// The code of a run, found.
struct Found {
    code: Option<Code>,
    digest: Digest,
    version: VersionId,
    /// The version's number, and the alias that led to it.
    number: Option<u64>,
    alias: Option<AliasName>,
    env: BTreeMap<EnvName, String>,
    /// Whose code it is, where it is a function's.
    function: Option<Function>,
    /// Canonical bytes, when no blob is known to hold them.
    unstored: Option<Bytes>,
    /// It was a function's once: what that may not send, nobody can say any more.
    orphaned: bool,
}

impl Found {
    fn of(code: Code) -> Self {
        let bytes = Bytes::from(code.canonical_bytes());
        let digest = Digest::of(&bytes);
        Self {
            code: Some(code),
            digest,
            version: VersionId::of(&digest),
            number: None,
            alias: None,
            env: BTreeMap::new(),
            function: None,
            unstored: Some(bytes),
            orphaned: false,
        }
    }

    fn stored(digest: Digest, version: VersionId, function: Option<Function>) -> Self {
        let (number, alias, env) = (None, None, BTreeMap::new());
        Self { code: None, digest, version, number, alias, env, function, unstored: None, orphaned: false }
    }

    /// As it stands in logs.
    fn origin(&self) -> Origin {
        let function = self.function.as_ref().map(|function| function.name.clone());
        Origin { function, alias: self.alias.clone(), version: self.version.clone(), number: self.number }
    }
}

impl Runs {
    pub(super) fn new(
        preparation: Preparation,
        admissions: Arc<Admissions>,
        (authority, rulebook): (Arc<Authority>, Arc<Rulebook>),
        books: Arc<Books>,
        (kept, storage): (usize, Arc<Storage>),
    ) -> Self {
        Self { preparation, admissions, authority, rulebook, books, kept, storage, under_way: UnderWay::default() }
    }

    /// How this tenant stands with its rate of invocations and runs.
    pub fn standing(&self, tenant: &Tenant) -> Standing {
        self.admissions.standing(tenant.id, &self.rulebook.of(tenant, None).1)
    }

    /// Finds the code, waits for a place and makes the code ready. Its trace is that of whoever asks for it; where they say none, the one
    /// that the guest's request names.
    pub async fn start(
        &self,
        tenant: &TenantScope,
        (id, trace): (RequestId, Option<TraceId>),
        spec: RunSpec,
    ) -> Result<StartedRun, RunError> {
        self.start_in(tenant, id, |sent| trace.or_else(|| TraceId::of(sent)), spec).await
    }

    /// `trace` is given the fields of the guest's request.
    async fn start_in(
        &self,
        tenant: &TenantScope,
        id: RequestId,
        trace: impl FnOnce(&HeaderMap) -> Option<TraceId>,
        spec: RunSpec,
    ) -> Result<StartedRun, RunError> {
        let request = match (spec.request, &spec.prompt) {
            (Some(request), _) => request,
            (None, Some(prompt)) => RunRequest::get(prompt.path()),
            (None, None) => RunRequest::get("/".to_owned()),
        };
        let asked = request.build()?;
        spec.call.egress.as_ref().map_or(Ok(()), |policy| policy.check_grant())?;
        let mut account = Account::open(&self.books, Via::Run, id);
        account.asked(&asked, trace(asked.headers()));
        let ready = async {
            let found = self.find(tenant, spec.code).await?;
            account.found(Arc::new(tenant.clone()), Arc::new(found.origin()));
            let owner = self.preparation.repository.tenant_by_id(&tenant.id()).await?.ok_or(RunError::UnknownTenant)?;
            let call = if found.orphaned { spec.call.without_egress() } else { spec.call };
            let egress = Arc::new(self.authority.of(&owner, found.function.as_ref(), call.egress.clone()));
            let (limits, admission) = self.rulebook.of(&owner, found.function.as_ref());
            let limits = limits.tightened_by(call.limits);
            let limit_bytes = limits.request_body_bytes;
            if request.body_bytes() > limit_bytes {
                return Err(RunError::BodyTooLarge { limit_bytes });
            }
            let permit = Arc::new(self.admissions.enter(tenant.id(), &admission).await?);
            let limits = permit.within(limits);
            let prepared = self.prepare(tenant, &found, limits, spec.fresh).await?;
            Ok(((found, owner.env), (call, egress), permit, prepared, (limits, admission.stored_bytes)))
        };
        let ((found, mut env), (call, egress), permit, prepared, (limits, stored_bytes)) = match ready.await {
            Ok(ready) => ready,
            Err(error) => {
                account.close(outcome(&error));
                return Err(error);
            }
        };
        account.is_cold(!prepared.cached);
        env.extend(found.env);
        env.extend(spec.env);
        Ok(StartedRun {
            id: RunId::generate(),
            created_at: Timestamp::now(),
            preparation: self.preparation.clone(),
            kept: self.kept,
            storage: self.storage.clone(),
            under_way: self.under_way.clone(),
            stored_bytes,
            tenant: tenant.clone(),
            execution: Execution {
                executor: self.preparation.executor.clone(),
                prepared,
                code: found.digest,
                version: found.version,
                function: found.function.map(|function| function.name),
                request,
                env,
                tenant: tenant.id(),
                egress,
                limits,
                call,
            },
            permit,
            account,
            code_bytes: found.unstored,
            prompt: spec.prompt,
            record: spec.record,
            on_record: false,
            warnings: found.orphaned.then(|| ORPHANED.to_owned()).into_iter().collect(),
        })
    }

    async fn find(&self, tenant: &TenantScope, code: RunCode) -> Result<Found, RunError> {
        let repository = &self.preparation.repository;
        match code {
            RunCode::Modules(code) => Ok(Found::of(code)),
            RunCode::Function(name, alias) => {
                let function = repository.function(tenant, &name).await?.ok_or(RunError::UnknownFunction)?;
                let split = &function.aliases.get(&alias).ok_or(RunError::NotDeployed)?.split;
                let drawn = &split.shares()[split.at(fastrand::u16(..WHOLE))].version;
                let version = repository.version(tenant, &name, drawn).await?.ok_or(RunError::NotDeployed)?;
                let env = function.env.clone();
                let (number, alias) = (Some(version.number), Some(alias));
                Ok(Found { env, number, alias, ..Found::stored(version.digest, version.id, Some(function)) })
            }
            RunCode::Version(id) => self.find_version(tenant, id).await,
            RunCode::Recorded { function, version, code, env_names, reads_env } => {
                let held = repository.version(tenant, &function, &version).await?;
                let function = repository.function(tenant, &function).await?;
                let (Some(held), Some(function)) = (held, function) else {
                    return Ok(Found { orphaned: true, ..Found::of(code) });
                };
                // Whoever may run a function gets its variables with a version that serves. An earlier one may do other things with
                // them, such as show them: only to whoever sees them anyway.
                let may = reads_env || serves(&function, &version);
                let own =
                    function.env.iter().filter(|(name, _)| may && env_names.iter().any(|had| had == name.as_str()));
                let env = own.map(|(name, value)| (name.clone(), value.clone())).collect();
                let number = Some(held.number);
                Ok(Found { env, number, ..Found::stored(held.digest, version, Some(function)) })
            }
        }
    }

    /// A version by its name alone: of any function, or of a run that is still on record.
    async fn find_version(&self, tenant: &TenantScope, id: VersionId) -> Result<Found, RunError> {
        let repository = &self.preparation.repository;
        let mut after: Option<FunctionName> = None;
        loop {
            let page = repository.list_functions(tenant, after.as_ref(), 500).await?;
            for function in &page.items {
                // A function with this version: its rules come with its code.
                if let Some(version) = repository.version(tenant, &function.name, &id).await? {
                    let number = Some(version.number);
                    return Ok(Found { number, ..Found::stored(version.digest, id, Some(function.clone())) });
                }
            }
            match page.items.into_iter().next_back() {
                Some(last) if page.more => after = Some(last.name),
                _ => break,
            }
        }
        let recent = repository.list_runs(tenant, None, 500).await?.items;
        let result = recent.into_iter().filter_map(|run| run.result).find(|result| result.version == id);
        let digest = result.ok_or(RunError::UnknownVersion)?.code;
        Ok(Found::stored(digest, id, None))
    }

    async fn prepare(
        &self,
        tenant: &TenantScope,
        found: &Found,
        limits: Limits,
        fresh: bool,
    ) -> Result<Prepared, RunError> {
        let options = PrepareOptions { limits, fresh };
        match &found.code {
            Some(code) => Ok(self.preparation.build(tenant, code, options).await?),
            None if fresh => {
                let code = self.preparation.load(&found.digest).await?;
                Ok(self.preparation.build(tenant, &code, options).await?)
            }
            None => {
                let code_key = self.preparation.executor.code_key(&found.digest);
                Ok(self.preparation.known(tenant, &found.digest, &code_key, limits).await?)
            }
        }
    }
}

/// Whether any traffic goes to the version.
fn serves(function: &Function, version: &VersionId) -> bool {
    let mut shares = function.aliases.values().flat_map(|alias| alias.split.shares());
    shares.any(|share| share.version == *version && share.weight > 0)
}
