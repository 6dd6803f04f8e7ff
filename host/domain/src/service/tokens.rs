//! Tokens that are good for a while, kept in memory by their digests: how many there may be of one key, of one tenant and in all, and which
//! gives way to one more. What they stand for is in `sign_in`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::ids::{Digest, TenantId};

/// How many there may be at one time.
pub(super) struct Room {
    pub of_one: usize,
    pub of_tenant: usize,
    pub of_all: usize,
}

/// Whose token it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    /// The hash of the key that it was given for; none where it is the operator's without one.
    pub key: Option<Digest>,
    pub tenant: Option<TenantId>,
}

#[derive(Clone)]
pub(super) struct Held<T> {
    pub owner: Owner,
    pub ends: Instant,
    pub with: T,
}

pub(super) struct Tokens<T> {
    room: Room,
    // Keyed by the token's digest, so that the time a look-up takes says nothing about a token. Held for one operation, never across an
    // await.
    held: Mutex<HashMap<Digest, Held<T>>>,
}

impl<T: Clone> Tokens<T> {
    pub(super) fn new(room: Room) -> Self {
        Self { room, held: Mutex::default() }
    }

    /// A new token, for which one may have to give way: of those that would end first, one of the same key where there are too many of it,
    /// else of the same tenant, else of the tenant that has the most. The operator's give way to no tenant's.
    pub(super) fn give(&self, prefix: &str, held: Held<T>) -> String {
        let token = random(prefix);
        let mut all = self.lock();
        let now = Instant::now();
        all.retain(|_, other| other.ends > now);
        if let Some(first) = self.crowded_out(&all, held.owner) {
            all.remove(&first);
        }
        all.insert(Digest::of(token.as_bytes()), held);
        token
    }

    pub(super) fn get(&self, token: &str) -> Option<Held<T>> {
        let found = self.lock().get(&Digest::of(token.as_bytes())).cloned();
        found.filter(|held| held.ends > Instant::now())
    }

    /// The same of one that is good once.
    pub(super) fn take(&self, token: &str) -> Option<Held<T>> {
        let found = self.lock().remove(&Digest::of(token.as_bytes()));
        found.filter(|held| held.ends > Instant::now())
    }

    fn crowded_out(&self, all: &HashMap<Digest, Held<T>>, owner: Owner) -> Option<Digest> {
        let count = |of: &dyn Fn(&Owner) -> bool| all.values().filter(|held| of(&held.owner)).count();
        let first = |of: &dyn Fn(&Owner) -> bool| {
            let those = all.iter().filter(|(_, held)| of(&held.owner));
            those.min_by_key(|(_, held)| held.ends).map(|(token, _)| *token)
        };
        let of_one = |other: &Owner| *other == owner;
        let of_tenant = |other: &Owner| other.tenant == owner.tenant;
        if count(&of_one) >= self.room.of_one {
            first(&of_one)
        } else if owner.tenant.is_some() && count(&of_tenant) >= self.room.of_tenant {
            first(&of_tenant)
        } else if all.len() >= self.room.of_all {
            let mut counts = HashMap::<Option<TenantId>, usize>::new();
            all.values().for_each(|held| *counts.entry(held.owner.tenant).or_default() += 1);
            let (most, _) = counts.into_iter().max_by_key(|(tenant, count)| (tenant.is_some(), *count))?;
            first(&|other| other.tenant == most)
        } else {
            None
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Held<T>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 192 random bits in hexadecimal.
fn random(prefix: &str) -> String {
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
    use std::time::Duration;

    use super::*;

    fn given(tokens: &Tokens<()>, owner: Owner, seconds: u64) -> String {
        tokens.give("", Held { owner, ends: Instant::now() + Duration::from_secs(seconds), with: () })
    }

    fn there(tokens: &Tokens<()>, given: &[String]) -> Vec<bool> {
        given.iter().map(|token| tokens.get(token).is_some()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_too_many_gives_way_to_themselves() {
        let tokens = Tokens::new(Room { of_one: 2, of_tenant: 3, of_all: 6 });
        let (acme, globex) = (TenantId::generate(), TenantId::generate());
        let of = |key: u8, tenant| Owner { key: Some(Digest::of(&[key])), tenant: Some(tenant) };
        let operator = Owner { key: None, tenant: None };
        // The one that would end first, and nobody asked for the second time.
        let operators = given(&tokens, operator, 1);
        let one = [9, 8, 7].map(|seconds| given(&tokens, of(1, acme), seconds));
        assert_eq!(there(&tokens, &one), [true, false, true], "of one key there are two");
        let two = [6, 5].map(|seconds| given(&tokens, of(2, acme), seconds));
        assert_eq!(there(&tokens, &one), [true, false, true]);
        assert_eq!(there(&tokens, &two), [false, true], "of one tenant there are three");
        let others = [4, 3].map(|seconds| given(&tokens, of(3, globex), seconds));
        assert_eq!(there(&tokens, &others), [true, true]);
        // Full: whoever has the most, though the operator's would end before.
        let last = given(&tokens, of(4, globex), 2);
        assert_eq!(there(&tokens, &two), [false, false]);
        assert_eq!(there(&tokens, &[last, operators]), [true, true]);
        assert_eq!(there(&tokens, &others), [true, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_ended_takes_nobodys_place() {
        let tokens = Tokens::new(Room { of_one: 1, of_tenant: 9, of_all: 9 });
        let operator = Owner { key: None, tenant: None };
        let first = given(&tokens, operator, 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(tokens.get(&first).is_none() && tokens.take(&first).is_none());
        let second = given(&tokens, operator, 1);
        assert!(tokens.take(&second).is_some(), "it is good");
        assert!(tokens.take(&second).is_none(), "once");
    }
}
