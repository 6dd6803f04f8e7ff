//! The use cases, one module for each kind of thing, and the platform that holds them together. They know the ports and nothing
//! of HTTP, of stores or of WebAssembly.

mod account;
pub mod activity;
pub mod admission;
pub mod aliases;
pub mod allowance;
pub mod answers;
pub mod audit;
mod authority;
pub mod begun;
pub mod budgets;
pub mod checks;
pub mod condition;
pub mod counters;
pub mod environment;
mod eviction;
pub mod functions;
pub mod histogram;
pub mod history;
pub mod invoker;
pub mod key_use;
pub mod keys;
mod known;
mod leftovers;
pub mod limit_settings;
pub mod log_buffer;
pub mod logs;
mod outbox;
mod places;
pub mod policies;
pub mod preparation;
pub mod previews;
pub mod resolver;
pub mod routes;
mod rulebook;
pub mod runs;
pub mod secrets;
mod series_buffer;
pub mod sign_in;
pub mod storage;
pub mod target;
pub mod tenants;
mod to_the_end;
mod tokens;
mod trail;
pub mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::audit::AuditChains;
use crate::egress::EgressPolicy;
use crate::execute::GuestExecutor;
use crate::key::KeyPepper;
use crate::limits::{Admission, HISTORY_KEPT, LimitBounds, Limits};
use crate::notice::Notice;
use crate::repository::{Repository, RepositoryError};
use crate::secret::MasterKey;
use crate::tenant::DEFAULT_PLAN;
use account::Books;
use activity::{Activity, ActivityRules};
use admission::Admissions;
use aliases::Aliases;
use answers::RememberedAnswers;
use audit::{AUDIT_KEPT, Audit};
use authority::Authority;
use checks::Checks;
use counters::Counters;
use environment::Environment;
use functions::Functions;
use history::History;
use invoker::Invoker;
use key_use::KeyUse;
use keys::Keys;
use leftovers::Leftovers;
use limit_settings::LimitStore;
use log_buffer::{LogBuffer, LogRules};
use logs::Logs;
use outbox::Outbox;
use policies::Policies;
use preparation::Preparation;
use previews::Previews;
use resolver::Resolver;
use routes::Routes;
use rulebook::Rulebook;
use runs::Runs;
use secrets::Secrets;
use series_buffer::SeriesBuffer;
use sign_in::SignIn;
use storage::Storage;
use tenants::Tenants;
use versions::Versions;

/// What the use cases are told about the host they work for.
#[derive(Clone, Debug)]
pub struct PlatformConfig {
    /// What an invocation gets; calls may ask for less.
    pub limits: Limits,
    /// What tenants of other plans get, by the plan's name, where it is not that.
    pub plans: Option<Arc<BTreeMap<String, LimitBounds>>>,
    /// What a tenant may have in flight.
    pub admission: Admission,
    /// How long what runs already may go on once its tenant is suspended.
    pub suspension_grace: Duration,
    /// How long a resolved function is believed; `None` where no other host writes to the store.
    pub resolver_max_age: Option<Duration>,
    /// Prompts and runs kept for a tenant, starred ones aside.
    pub history_kept: usize,
    /// Entries kept of each chain of the audit.
    pub audit_kept: u64,
    /// The chains that this host writes; `None`: new ones.
    pub audit: Option<AuditChains>,
    /// What tenants can open at most; `None`: the usual ceiling.
    pub egress_ceiling: Option<Arc<EgressPolicy>>,
    /// How much is kept of what tenants' code says.
    pub logs: LogRules,
    /// How long series and usage are kept.
    pub activity: ActivityRules,
}

impl PlatformConfig {
    /// Of a host that has its store to itself.
    pub const ALONE: Self = Self {
        limits: Limits::DEFAULT,
        plans: None,
        admission: Admission::DEFAULT,
        suspension_grace: Duration::from_secs(5),
        resolver_max_age: None,
        history_kept: HISTORY_KEPT,
        audit_kept: AUDIT_KEPT,
        audit: None,
        egress_ceiling: None,
        logs: LogRules::DEFAULT,
        activity: ActivityRules::DEFAULT,
    };

    /// Of a host that shares its store: what others write is seen within a second.
    pub const SHARED: Self = Self { resolver_max_age: Some(Duration::from_secs(1)), ..Self::ALONE };
}

/// How long an answer of the store's own check is repeated: the check needs no credential, and must not become a load.
const CHECKED_FOR: Duration = Duration::from_millis(500);

/// All use cases of one host.
pub struct Platform {
    pub config: PlatformConfig,
    pub tenants: Tenants,
    pub keys: Arc<Keys>,
    pub sign_in: SignIn,
    pub functions: Functions,
    pub environment: Environment,
    pub policies: Policies,
    pub secrets: Secrets,
    pub versions: Versions,
    pub aliases: Aliases,
    pub routes: Arc<Routes>,
    pub limits: LimitStore,
    pub logs: Logs,
    pub checks: Checks,
    pub activity: Activity,
    pub invoker: Invoker,
    pub runs: Runs,
    pub history: History,
    pub previews: Previews,
    pub answers: RememberedAnswers,
    pub audit: Audit,
    pub counters: Arc<Counters>,
    admissions: Arc<Admissions>,
    resolver: Arc<Resolver>,
    outbox: Arc<Outbox>,
    used: Arc<KeyUse>,
    leftovers: Arc<Leftovers>,
    repository: Arc<dyn Repository>,
    // Held to read or note an answer, never across an await.
    checked: Mutex<Option<(Instant, bool)>>,
}

impl Platform {
    pub fn new(
        repository: Arc<dyn Repository>,
        executor: Arc<dyn GuestExecutor>,
        pepper: KeyPepper,
        master: MasterKey,
        config: PlatformConfig,
    ) -> Self {
        let limits = config.limits;
        let chains = config.audit.clone().unwrap_or_else(AuditChains::generate);
        let audit = Audit::new(repository.clone(), master.audit_key(), chains, config.audit_kept);
        let authority = Arc::new(Authority::new(config.egress_ceiling.clone(), master));
        let counters = Arc::<Counters>::default();
        let rulebook =
            Rulebook::new(repository.clone(), (limits, config.admission), config.plans.clone().unwrap_or_default());
        let rulebook = Arc::new(rulebook);
        let storage = Arc::new(Storage::new(repository.clone(), rulebook.clone()));
        let outbox = Arc::<Outbox>::default();
        let known_as = (authority.clone(), rulebook.clone());
        let resolver =
            Resolver::new(repository.clone(), executor.clone(), known_as, (config.resolver_max_age, outbox.clone()));
        let resolver = Arc::new(resolver);
        let checks = Checks::new(executor.clone(), limits);
        let admissions = Arc::new(Admissions::new(config.admission.concurrency_of_all, counters.clone()));
        let shared_admissions = admissions.clone();
        let preparation = Preparation { repository: repository.clone(), executor, counters: counters.clone() };
        let buffer = Arc::new(LogBuffer::new(config.logs, counters.clone()));
        let series = Arc::<SeriesBuffer>::default();
        let books = Arc::new(Books { counters: counters.clone(), logs: buffer.clone(), series: series.clone() });
        let activity = Activity::new(repository.clone(), series, config.activity);
        let used = Arc::<KeyUse>::default();
        let leftovers = Arc::<Leftovers>::default();
        let keys = Arc::new(Keys::new(repository.clone(), pepper, used.clone(), outbox.clone()));
        let routes = Arc::new(Routes::new(repository.clone(), config.resolver_max_age, outbox.clone()));
        let mut plans: BTreeSet<String> = config.plans.iter().flat_map(|plans| plans.keys().cloned()).collect();
        plans.insert(DEFAULT_PLAN.to_owned());
        let history_kept = config.history_kept;
        Self {
            config,
            tenants: Tenants::new(repository.clone(), resolver.clone(), routes.clone(), plans),
            routes: routes.clone(),
            limits: LimitStore::new(repository.clone(), resolver.clone(), rulebook.clone()),
            sign_in: SignIn::new(keys.clone()),
            keys,
            functions: Functions::new(
                (repository.clone(), storage.clone()),
                resolver.clone(),
                leftovers.clone(),
                routes,
            ),
            environment: Environment::new((repository.clone(), storage.clone()), resolver.clone()),
            policies: Policies::new(repository.clone(), resolver.clone()),
            secrets: Secrets::new((repository.clone(), storage.clone()), resolver.clone(), authority.clone()),
            versions: Versions::new(preparation.clone(), rulebook.clone(), (storage.clone(), leftovers.clone())),
            leftovers,
            aliases: Aliases::new(preparation.clone(), resolver.clone(), rulebook.clone()),
            checks,
            audit,
            activity,
            logs: Logs::new(repository.clone(), buffer, counters.clone()),
            invoker: Invoker::new(preparation.clone(), resolver.clone(), admissions.clone(), books.clone()),
            resolver,
            outbox,
            answers: RememberedAnswers::new(repository.clone(), authority.clone()),
            previews: Previews::new(repository.clone(), authority.clone()),
            runs: Runs::new(
                preparation.clone(),
                admissions,
                (authority, rulebook),
                books,
                (history_kept, storage.clone()),
            ),
            history: History::new(preparation, (history_kept, storage)),
            counters,
            admissions: shared_admissions,
            used,
            repository,
            checked: Mutex::default(),
        }
    }

    /// `embedded` or `redis`.
    pub fn store_kind(&self) -> &'static str {
        self.repository.kind()
    }

    /// Whether the store answers and takes writes, as of at most half a second ago.
    pub async fn is_ready(&self) -> bool {
        let noted = *self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, ready)) = noted
            && at.elapsed() < CHECKED_FOR
        {
            return ready;
        }
        let ready = self.repository.check().await.is_ok();
        *self.checked.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), ready));
        ready
    }

    /// Ends what suspended and deleted tenants still have in flight. To be called each second.
    pub async fn evict(&self) -> Result<(), RepositoryError> {
        eviction::evict(&self.repository, self.admissions.present(), self.config.suspension_grace).await
    }

    /// Writes what may be written now and then, and what could not be written before. To be called every minute or so.
    pub async fn tend(&self) -> Result<(), RepositoryError> {
        self.audit.tend(false).await?;
        self.used.write(&self.repository, false).await?;
        self.leftovers.purge(&self.repository).await
    }

    /// Tells the other hosts of the requests let in, and hears of theirs. To be called ten times a second, for as long as it says that there
    /// may be others.
    pub async fn share_rates(&self) -> Result<bool, RepositoryError> {
        self.admissions.share_rates(&self.repository).await
    }

    /// Tells the other hosts what was written here, for as long as that goes well. To be called again and again where there may be others.
    pub async fn tell_others(&self) -> Result<(), RepositoryError> {
        self.outbox.send(&self.repository).await
    }

    /// Hears what the other hosts wrote, for as long as that goes well. To be called again and again, for as long as it says that there may
    /// be others.
    pub async fn hear_others(&self) -> Result<bool, RepositoryError> {
        let heard = |notice: Notice| {
            self.resolver.heard(&notice);
            if matches!(notice, Notice::Everything | Notice::Routes) {
                self.routes.heard();
            }
            if matches!(notice, Notice::Everything | Notice::Keys) {
                self.keys.heard();
            }
        };
        self.repository.listen(&heard).await
    }

    /// Sends what tenants' executions came to since the last time. To be called every few seconds.
    pub async fn count_activity(&self) -> Result<(), RepositoryError> {
        let sent = self.activity.flush().await;
        if sent.is_err() {
            self.counters.series_refused.fetch_add(1, Ordering::Relaxed);
        }
        sent
    }

    /// Writes out what is batched: the last step of a drain.
    pub async fn flush(&self) -> Result<(), RepositoryError> {
        self.counters.settled(Duration::from_secs(1)).await;
        // Each is tried, whatever became of the ones before.
        let audit = self.audit.tend(true).await;
        let keys = self.used.write(&self.repository, true).await;
        let logs = self.logs.flush().await;
        let activity = self.count_activity().await;
        audit.and(keys).and(logs).and(activity)?;
        self.repository.flush().await
    }
}
