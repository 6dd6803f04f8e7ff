//! Signing in: one-time links, the short-lived sessions of the console, and the one door through which every bearer token is
//! turned into a credential, for whoever asks from an address that it is good from. Sessions live in memory: a restart ends them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::keys::Keys;
use crate::access::Credential;
use crate::ids::Digest;
use crate::repository::RepositoryError;

/// How long a session lasts: a working day.
pub const SESSION_FOR: Duration = Duration::from_secs(12 * 60 * 60);
/// How long a one-time link is good.
pub const LINK_FOR: Duration = Duration::from_secs(15 * 60);
/// Sessions kept; past it the one that would end first is dropped.
const MAX_SESSIONS: usize = 10_000;
/// Links that may be open at one time; past it the one that would end first is dropped.
const MAX_LINKS: usize = 1_000;
/// And of one key, so that no tenant's take the place of others'.
const MAX_LINKS_OF_ONE: usize = 10;
const SESSION_PREFIX: &str = "isl_session_";

#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("the credential is not valid")]
    Refused,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// What a session is given for.
pub enum Proof<'a> {
    Link(&'a str),
    Key(&'a str),
}

/// A session just opened. The token is shown this once.
pub struct OpenedSession {
    pub token: String,
    pub expires_at: Timestamp,
    pub credential: Credential,
}

pub struct SignIn {
    keys: Arc<Keys>,
    // Both keyed by the token's digest, so that the time a look-up takes says nothing about a token. Held for one map
    // operation, never across an await.
    sessions: Mutex<HashMap<Digest, Session>>,
    links: Mutex<HashMap<Digest, Link>>,
}

/// A link that may still be used.
struct Link {
    grant: Grant,
    ends: Instant,
    /// The end of the session that it was asked for with: what a link opens lasts no longer.
    session_ends: Option<Instant>,
}

struct Session {
    grant: Grant,
    ends: Instant,
}

#[derive(Clone, PartialEq, Eq)]
enum Grant {
    /// The key of this hash, for as long as it exists.
    Key(Digest),
    /// The one-time link, which only the operator sees.
    Link,
}

impl SignIn {
    pub(super) fn new(keys: Arc<Keys>) -> Self {
        Self { keys, sessions: Mutex::default(), links: Mutex::default() }
    }

    /// A token for the address printed at start-up: the operator's, good once, and for [`LINK_FOR`].
    pub fn issue_link(&self) -> String {
        self.add_link(Grant::Link, None)
    }

    /// The same of whoever holds this key or session, and when it ends. What it opens may what they may, and lasts no longer than their
    /// key, or their session.
    pub async fn issue_link_for(&self, bearer: &str, from: Option<IpAddr>) -> Result<(String, Timestamp), SignInError> {
        self.authenticate(bearer, from).await?;
        let (grant, session_ends) = if bearer.starts_with(SESSION_PREFIX) {
            let sessions = self.sessions();
            let session = sessions.get(&Digest::of(bearer.as_bytes())).ok_or(SignInError::Refused)?;
            (session.grant.clone(), Some(session.ends))
        } else {
            (Grant::Key(self.keys.hash(bearer).ok_or(SignInError::Refused)?), None)
        };
        Ok((self.add_link(grant, session_ends), Timestamp::now() + LINK_FOR))
    }

    fn add_link(&self, grant: Grant, session_ends: Option<Instant>) -> String {
        let token = random_token("");
        let mut links = self.links();
        links.retain(|_, link| link.ends > Instant::now());
        let first = |links: &HashMap<Digest, Link>, grant: Option<&Grant>| {
            let of = links.iter().filter(|(_, link)| grant.is_none_or(|grant| *grant == link.grant));
            of.min_by_key(|(_, link)| link.ends).map(|(token, _)| *token)
        };
        let own = links.values().filter(|link| link.grant == grant).count();
        let crowded = match own >= MAX_LINKS_OF_ONE {
            true => first(&links, Some(&grant)),
            false if links.len() >= MAX_LINKS => first(&links, None),
            false => None,
        };
        if let Some(token) = crowded {
            links.remove(&token);
        }
        links.insert(Digest::of(token.as_bytes()), Link { grant, ends: Instant::now() + LINK_FOR, session_ends });
        token
    }

    pub async fn open(&self, proof: Proof<'_>, from: Option<IpAddr>) -> Result<OpenedSession, SignInError> {
        let (grant, session_ends) = match proof {
            Proof::Link(token) => {
                let link = self.links().remove(&Digest::of(token.as_bytes())).ok_or(SignInError::Refused)?;
                if link.ends <= Instant::now() {
                    return Err(SignInError::Refused);
                }
                (link.grant, link.session_ends)
            }
            Proof::Key(token) => (Grant::Key(self.keys.hash(token).ok_or(SignInError::Refused)?), None),
        };
        let credential = match &grant {
            // Whoever can read the host's terminal operates it.
            Grant::Link => Credential::operator(),
            Grant::Key(hash) => self.keys.by_hash(hash, from).await?.ok_or(SignInError::Refused)?,
        };
        let token = random_token(SESSION_PREFIX);
        let now = Instant::now();
        let ends = session_ends.map_or(now + SESSION_FOR, |ends| ends.min(now + SESSION_FOR));
        self.keep(Digest::of(token.as_bytes()), Session { grant, ends });
        let ends = Timestamp::now() + ends.saturating_duration_since(now);
        // Not beyond the key's own end, which `authenticate` asks for each time.
        let expires_at = credential.bounds.expires_at.map_or(ends, |key_ends| key_ends.min(ends));
        Ok(OpenedSession { token, expires_at, credential })
    }

    /// The credential behind a bearer token, be it a session's or a key, for whoever shows it from this address. A session is good from
    /// where its key is.
    pub async fn authenticate(&self, bearer: &str, from: Option<IpAddr>) -> Result<Credential, SignInError> {
        let hash = if bearer.starts_with(SESSION_PREFIX) {
            match self.grant(&Digest::of(bearer.as_bytes())) {
                Some(Grant::Link) => return Ok(Credential::operator()),
                // A revoked key takes its sessions with it.
                Some(Grant::Key(hash)) => Some(hash),
                None => None,
            }
        } else {
            self.keys.hash(bearer)
        };
        self.keys.by_hash(&hash.ok_or(SignInError::Refused)?, from).await?.ok_or(SignInError::Refused)
    }

    fn grant(&self, token: &Digest) -> Option<Grant> {
        let sessions = self.sessions();
        sessions.get(token).filter(|session| session.ends > Instant::now()).map(|session| session.grant.clone())
    }

    fn keep(&self, token: Digest, session: Session) {
        let mut sessions = self.sessions();
        if sessions.len() >= MAX_SESSIONS {
            sessions.retain(|_, session| session.ends > Instant::now());
        }
        if sessions.len() >= MAX_SESSIONS
            && let Some(first) = sessions.iter().min_by_key(|(_, session)| session.ends).map(|(token, _)| *token)
        {
            sessions.remove(&first);
        }
        sessions.insert(token, session);
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<Digest, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn links(&self) -> MutexGuard<'_, HashMap<Digest, Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 192 random bits in hexadecimal.
fn random_token(prefix: &str) -> String {
    let mut bytes = [0_u8; 24];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    let mut token = prefix.to_owned();
    for byte in bytes {
        write!(token, "{byte:02x}").expect("writing to a string never fails");
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Preset, TenantScope};
    use crate::bounds::Bounds;
    use crate::fakes::MemoryStore;
    use crate::ids::TenantSlug;
    use crate::key::KeyPepper;
    use crate::network::Network;
    use crate::repository::TenantRepository as _;
    use crate::service::keys::{KeyError, NewKey};
    use crate::tenant::Tenant;

    fn sign_in() -> (SignIn, Arc<Keys>) {
        let keys =
            Arc::new(Keys::new(Arc::new(MemoryStore::new()), KeyPepper::new([7; 32]), Arc::default(), Arc::default()));
        (SignIn::new(keys.clone()), keys)
    }

    async fn with_a_tenant() -> (Arc<MemoryStore>, SignIn, Arc<Keys>, TenantScope) {
        let store = Arc::new(MemoryStore::new());
        let keys = Arc::new(Keys::new(store.clone(), KeyPepper::new([7; 32]), Arc::default(), Arc::default()));
        let tenant = Tenant::new(TenantSlug::parse("acme").expect("valid"), Timestamp::UNIX_EPOCH);
        store.create_tenant(&tenant).await.expect("created");
        let scope = Credential::operator().scope_over(&tenant).expect("the operator reaches all");
        (store, SignIn::new(keys.clone()), keys, scope)
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_is_good_once_and_for_fifteen_minutes() {
        let (sign_in, _) = sign_in();
        let link = sign_in.issue_link();
        let session = sign_in.open(Proof::Link(&link), None).await.expect("a fresh link");
        assert!(sign_in.open(Proof::Link(&link), None).await.is_err());
        assert_eq!(sign_in.authenticate(&session.token, None).await.expect("a session").preset, Preset::Admin);
        let late = sign_in.issue_link();
        tokio::time::advance(LINK_FOR).await;
        assert!(sign_in.open(Proof::Link(&late), None).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_gives_what_it_was_asked_for_with_and_lasts_no_longer() {
        let (_, sign_in, keys, scope) = with_a_tenant().await;
        let (key, secret) =
            keys.mint(&Credential::operator(), &scope, NewKey::of(Preset::Deployer)).await.expect("minted");
        let bearer = secret.expose().to_owned();
        let (link, _) = sign_in.issue_link_for(&bearer, None).await.expect("a key");
        let session = sign_in.open(Proof::Link(&link), None).await.expect("a fresh link");
        assert_eq!((session.credential.preset, session.credential.tenant), (Preset::Deployer, Some(scope.id())));
        assert!(sign_in.open(Proof::Link(&link), None).await.is_err(), "good once");
        assert!(sign_in.issue_link_for("isl_admin_x", None).await.is_err());
        // A link of a session's opens none that outlives it.
        tokio::time::advance(SESSION_FOR - Duration::from_secs(60)).await;
        let (link, _) = sign_in.issue_link_for(&session.token, None).await.expect("a session");
        let last = sign_in.open(Proof::Link(&link), None).await.expect("a fresh link");
        assert!(last.expires_at <= Timestamp::now() + Duration::from_secs(61));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(sign_in.authenticate(&last.token, None).await.is_err());
        assert!(sign_in.issue_link_for(&session.token, None).await.is_err());
        // Of one key's links the first give way, and nobody else's.
        let operators = sign_in.issue_link();
        let mut links = Vec::new();
        for _ in 0..=MAX_LINKS_OF_ONE {
            tokio::time::advance(Duration::from_secs(1)).await;
            links.push(sign_in.issue_link_for(&bearer, None).await.expect("a key").0);
        }
        assert!(sign_in.open(Proof::Link(&links[0]), None).await.is_err());
        sign_in.open(Proof::Link(&links[1]), None).await.expect("the second is there");
        sign_in.open(Proof::Link(&operators), None).await.expect("the operator's is there");
        // What a revoked key left is good for nothing.
        let (link, _) = sign_in.issue_link_for(&bearer, None).await.expect("a key");
        keys.delete(&scope, &key.id).await.expect("revoked");
        assert!(sign_in.open(Proof::Link(&link), None).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_after_twelve_hours() {
        let (sign_in, _) = sign_in();
        let session = sign_in.open(Proof::Link(&sign_in.issue_link()), None).await.expect("a fresh link");
        tokio::time::advance(SESSION_FOR - Duration::from_secs(1)).await;
        assert!(sign_in.authenticate(&session.token, None).await.is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(sign_in.authenticate(&session.token, None).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_outlives_neither_its_key_nor_a_second() {
        let (store, sign_in, keys, scope) = with_a_tenant().await;
        let (key, secret) =
            keys.mint(&Credential::operator(), &scope, NewKey::of(Preset::Tenant)).await.expect("minted");
        let session = sign_in.open(Proof::Key(secret.expose()), None).await.expect("the key is there");
        assert!(sign_in.authenticate(&session.token, None).await.is_ok());
        // Removed behind this host's back: another host did it.
        crate::repository::KeyRepository::delete_key(&*store, &scope, &key.id).await.expect("deleted");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(sign_in.authenticate(&session.token, None).await.is_err());
        assert!(sign_in.authenticate(secret.expose(), None).await.is_err());
    }

    #[tokio::test]
    async fn a_key_and_its_sessions_end_when_it_expires() {
        let (_, sign_in, keys, scope) = with_a_tenant().await;
        let until = |preset, end| NewKey {
            bounds: Bounds { expires_at: Some(end), ..Bounds::default() },
            ..NewKey::of(preset)
        };
        let ends = Timestamp::now() + Duration::from_millis(300);
        let new = until(Preset::Tenant, ends);
        let (_, secret) = keys.mint(&Credential::operator(), &scope, new).await.expect("minted");
        let session = sign_in.open(Proof::Key(secret.expose()), None).await.expect("the key is good");
        assert_eq!(session.expires_at, ends);
        let holder = sign_in.authenticate(&session.token, None).await.expect("the session is good");
        // Nobody hands out what outlives themselves.
        let later = until(Preset::ReadOnly, ends + Duration::from_secs(1));
        assert!(matches!(keys.mint(&holder, &scope, later).await, Err(KeyError::Outlives)));
        let (heir, _) = keys.mint(&holder, &scope, NewKey::of(Preset::ReadOnly)).await.expect("minted");
        assert_eq!(heir.bounds.expires_at, Some(ends));
        let past = until(Preset::ReadOnly, Timestamp::now());
        assert!(matches!(keys.mint(&Credential::operator(), &scope, past).await, Err(KeyError::Past)));
        // Believed since a moment ago, and still not a moment longer.
        tokio::time::sleep(Duration::from_millis(350)).await;
        assert!(sign_in.authenticate(&session.token, None).await.is_err());
        assert!(sign_in.authenticate(secret.expose(), None).await.is_err());
        assert!(sign_in.open(Proof::Key(secret.expose()), None).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_of_some_networks_its_sessions_and_links_are_good_from_there_alone() {
        let (_, sign_in, keys, scope) = with_a_tenant().await;
        let of = |preset, network: &str| {
            let networks = Some([Network::parse(network).expect("valid")].into());
            NewKey { bounds: Bounds { networks, ..Bounds::default() }, ..NewKey::of(preset) }
        };
        let new = of(Preset::Tenant, "10.0.0.0/8");
        let (_, secret) = keys.mint(&Credential::operator(), &scope, new).await.expect("minted");
        let bearer = secret.expose();
        let address = |text: &str| text.parse::<IpAddr>().ok();
        let inside = [address("10.1.2.3"), address("::ffff:10.1.2.3")];
        // Nobody knows where a call within the process comes from.
        let outside = [address("11.0.0.1"), address("::10.1.2.3"), None];
        for from in outside {
            assert!(sign_in.authenticate(bearer, from).await.is_err(), "{from:?}");
            assert!(sign_in.open(Proof::Key(bearer), from).await.is_err(), "{from:?}");
            assert!(sign_in.issue_link_for(bearer, from).await.is_err(), "{from:?}");
        }
        assert_eq!(keys.list(&scope).await.expect("readable")[0].last_used_at, None, "what is refused is no use of it");
        for from in inside {
            sign_in.authenticate(bearer, from).await.expect("it is good from there");
        }
        let session = sign_in.open(Proof::Key(bearer), inside[0]).await.expect("it is good from there");
        let (link, _) = sign_in.issue_link_for(&session.token, inside[0]).await.expect("it is good from there");
        let linked = sign_in.open(Proof::Link(&link), inside[1]).await.expect("it is good from there");
        for token in [&session.token, &linked.token] {
            sign_in.authenticate(token, inside[1]).await.expect("it is good from there");
            for from in outside {
                assert!(sign_in.authenticate(token, from).await.is_err(), "{from:?}");
                assert!(sign_in.issue_link_for(token, from).await.is_err(), "{from:?}");
            }
        }
        for from in outside {
            let (link, _) = sign_in.issue_link_for(bearer, inside[0]).await.expect("it is good from there");
            assert!(sign_in.open(Proof::Link(&link), from).await.is_err(), "{from:?}");
        }
        // Nobody hands out what is good from elsewhere, and what is not said is as it is for themselves.
        let holder = sign_in.authenticate(&session.token, inside[0]).await.expect("it is good from there");
        let (heir, _) = keys.mint(&holder, &scope, NewKey::of(Preset::ReadOnly)).await.expect("minted");
        assert_eq!(heir.bounds.networks, holder.bounds.networks);
        keys.mint(&holder, &scope, of(Preset::ReadOnly, "10.1.0.0/16")).await.expect("minted");
        for wider in ["0.0.0.0/0", "11.0.0.0/8", "::/0"] {
            let minted = keys.mint(&holder, &scope, of(Preset::ReadOnly, wider)).await;
            assert!(matches!(minted, Err(KeyError::Unbounded)), "{wider}");
        }
        let (other, _) =
            keys.mint(&Credential::operator(), &scope, NewKey::of(Preset::ReadOnly)).await.expect("minted");
        let rotated = keys.rotate(&holder, &scope, &other.id, Duration::ZERO).await;
        assert!(matches!(rotated, Err(KeyError::Unbounded)));
        // The operator's own link is bound to nothing.
        let operators = sign_in.open(Proof::Link(&sign_in.issue_link()), None).await.expect("a fresh link");
        sign_in.authenticate(&operators.token, outside[0]).await.expect("a session");
    }
}
