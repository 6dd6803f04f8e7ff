//! Signing in: one-time links, the short-lived sessions of the console, and the one door through which every bearer token is
//! turned into a credential, for whoever asks from an address that it is good from. Sessions live in memory: a restart ends them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::keys::Keys;
use super::tokens::{Held, Owner, Room, Tokens};
use crate::access::Credential;
use crate::repository::RepositoryError;

/// How long a session lasts: a working day.
pub const SESSION_FOR: Duration = Duration::from_secs(12 * 60 * 60);
/// How long a one-time link is good.
pub const LINK_FOR: Duration = Duration::from_secs(15 * 60);
/// Sessions at one time.
const SESSIONS: Room = Room { of_one: 200, of_tenant: 1_000, of_all: 10_000 };
/// Links that may be open at one time.
const LINKS: Room = Room { of_one: 10, of_tenant: 100, of_all: 1_000 };
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
    sessions: Tokens<()>,
    /// With the end of the session that a link was asked for with: what it opens lasts no longer.
    links: Tokens<Option<Instant>>,
}

/// The link printed at start-up, which only the operator sees.
const OPERATORS: Owner = Owner { key: None, tenant: None };

impl SignIn {
    pub(super) fn new(keys: Arc<Keys>) -> Self {
        Self { keys, sessions: Tokens::new(SESSIONS), links: Tokens::new(LINKS) }
    }

    /// A token for the address printed at start-up: the operator's, good once, and for [`LINK_FOR`].
    pub fn issue_link(&self) -> String {
        self.links.give("", Held { owner: OPERATORS, ends: Instant::now() + LINK_FOR, with: None })
    }

    /// The same of whoever holds this key or session, and when it ends. What it opens may what they may, and lasts no longer than their
    /// key, or their session.
    pub async fn issue_link_for(&self, bearer: &str, from: Option<IpAddr>) -> Result<(String, Timestamp), SignInError> {
        let credential = self.authenticate(bearer, from).await?;
        let (owner, session_ends) = if bearer.starts_with(SESSION_PREFIX) {
            let session = self.sessions.get(bearer).ok_or(SignInError::Refused)?;
            (session.owner, Some(session.ends))
        } else {
            let key = self.keys.hash(bearer).ok_or(SignInError::Refused)?;
            (Owner { key: Some(key), tenant: credential.tenant }, None)
        };
        let link = self.links.give("", Held { owner, ends: Instant::now() + LINK_FOR, with: session_ends });
        Ok((link, Timestamp::now() + LINK_FOR))
    }

    pub async fn open(&self, proof: Proof<'_>, from: Option<IpAddr>) -> Result<OpenedSession, SignInError> {
        let (key, session_ends) = match proof {
            Proof::Link(token) => {
                let link = self.links.take(token).ok_or(SignInError::Refused)?;
                (link.owner.key, link.with)
            }
            Proof::Key(token) => (Some(self.keys.hash(token).ok_or(SignInError::Refused)?), None),
        };
        let credential = match &key {
            // Whoever can read the host's terminal operates it.
            None => Credential::operator(),
            Some(hash) => self.keys.by_hash(hash, from).await?.ok_or(SignInError::Refused)?,
        };
        let now = Instant::now();
        let ends = session_ends.map_or(now + SESSION_FOR, |ends| ends.min(now + SESSION_FOR));
        let owner = Owner { key, tenant: credential.tenant };
        let token = self.sessions.give(SESSION_PREFIX, Held { owner, ends, with: () });
        let ends = Timestamp::now() + ends.saturating_duration_since(now);
        // Not beyond the key's own end, which `authenticate` asks for each time.
        let expires_at = credential.bounds.expires_at.map_or(ends, |key_ends| key_ends.min(ends));
        Ok(OpenedSession { token, expires_at, credential })
    }

    /// The credential behind a bearer token, be it a session's or a key, for whoever shows it from this address. A session is good from
    /// where its key is.
    pub async fn authenticate(&self, bearer: &str, from: Option<IpAddr>) -> Result<Credential, SignInError> {
        let hash = if bearer.starts_with(SESSION_PREFIX) {
            match self.sessions.get(bearer).map(|session| session.owner.key) {
                Some(None) => return Ok(Credential::operator()),
                // A revoked key takes its sessions with it.
                Some(Some(hash)) => Some(hash),
                None => None,
            }
        } else {
            self.keys.hash(bearer)
        };
        self.keys.by_hash(&hash.ok_or(SignInError::Refused)?, from).await?.ok_or(SignInError::Refused)
    }
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
        for _ in 0..=LINKS.of_one {
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
