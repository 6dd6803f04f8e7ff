//! Remembered answers: a place is taken once, holds what was put there, and ends.

use std::sync::Arc;
use std::time::Duration;

use isolet_domain::access::TenantScope;
use isolet_domain::answer::{Claimed, Remembered};
use isolet_domain::ids::Digest;
use isolet_domain::secret::Sealed;
use jiff::Timestamp;

use crate::stores::Store;

crate::contract!(
    a_place_is_taken_once_and_keeps_its_answer,
    a_released_place_is_free,
    what_ended_is_forgotten,
    a_scope_has_so_many_and_no_more,
    answers_are_a_scopes_own_and_go_with_its_tenant,
    one_of_many_takes_a_place,
);

const KEEP: usize = 100;
const HOUR: Duration = Duration::from_secs(3_600);

fn place(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

fn claim(ends_at: Timestamp) -> Remembered {
    Remembered { request: Digest::of(b"request"), answer: None, ends_at }
}

fn answer(bytes: &[u8], ends_at: Timestamp) -> Remembered {
    Remembered { answer: Some(Sealed::from_bytes(bytes.to_vec())), ..claim(ends_at) }
}

async fn take(store: &Store, scope: &TenantScope, name: &str, now: Timestamp) -> Claimed {
    store.claim_answer(scope, &place(name), &claim(now + HOUR), now, KEEP).await.expect("the store is there")
}

async fn a_place_is_taken_once_and_keeps_its_answer(store: Store) {
    let (acme, now) = (store.tenant("acme").await, Timestamp::now());
    assert_eq!(take(&store, &acme, "a", now).await, Claimed::Taken);
    let other = Remembered { request: Digest::of(b"other"), ..claim(now + HOUR) };
    let again = store.claim_answer(&acme, &place("a"), &other, now, KEEP).await.expect("the store is there");
    assert_eq!(again, Claimed::Held(claim(now + HOUR)));
    let all_bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let kept = answer(&all_bytes, now + HOUR * 24);
    store.keep_answer(&acme, &place("a"), &kept).await.expect("kept");
    assert_eq!(take(&store, &acme, "a", now + HOUR * 2).await, Claimed::Held(kept));
    assert_eq!(take(&store, &acme, "b", now).await, Claimed::Taken);
}

async fn a_released_place_is_free(store: Store) {
    let (acme, now) = (store.tenant("acme").await, Timestamp::now());
    take(&store, &acme, "a", now).await;
    store.forget_answer(&acme, &place("a")).await.expect("forgotten");
    store.forget_answer(&acme, &place("never")).await.expect("forgotten");
    assert_eq!(take(&store, &acme, "a", now).await, Claimed::Taken);
}

async fn what_ended_is_forgotten(store: Store) {
    let (acme, now) = (store.tenant("acme").await, Timestamp::now());
    take(&store, &acme, "a", now).await;
    assert_eq!(take(&store, &acme, "a", now + HOUR - Duration::from_secs(1)).await, Claimed::Held(claim(now + HOUR)));
    assert_eq!(take(&store, &acme, "a", now + HOUR).await, Claimed::Taken);
    // The claim's own end is not that of the answer it became.
    let kept = answer(b"x", now + HOUR * 24);
    store.keep_answer(&acme, &place("a"), &kept).await.expect("kept");
    for hour in 2..20_u32 {
        take(&store, &acme, &hour.to_string(), now + HOUR * hour).await;
    }
    assert_eq!(take(&store, &acme, "a", now + HOUR * 23).await, Claimed::Held(kept));
    assert_eq!(take(&store, &acme, "a", now + HOUR * 24).await, Claimed::Taken);
}

async fn a_scope_has_so_many_and_no_more(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let now = Timestamp::now();
    let few = |scope: TenantScope, name: &'static str, now| {
        let store = store.clone();
        async move {
            store.claim_answer(&scope, &place(name), &claim(now + HOUR), now, 2).await.expect("the store is there")
        }
    };
    for name in ["a", "b"] {
        assert_eq!(few(acme.clone(), name, now).await, Claimed::Taken);
    }
    assert_eq!(few(acme.clone(), "c", now).await, Claimed::Full);
    assert_eq!(few(acme.clone(), "a", now).await, Claimed::Held(claim(now + HOUR)));
    assert_eq!(few(globex.clone(), "c", now).await, Claimed::Taken);
    // Answers count like the claims they come from, once; what is given back or ended does not.
    store.keep_answer(&acme, &place("a"), &answer(b"x", now + HOUR * 24)).await.expect("kept");
    assert_eq!(few(acme.clone(), "c", now).await, Claimed::Full);
    store.forget_answer(&acme, &place("b")).await.expect("forgotten");
    assert_eq!(few(acme.clone(), "c", now).await, Claimed::Taken);
    assert_eq!(few(acme.clone(), "d", now).await, Claimed::Full);
    assert_eq!(few(acme.clone(), "d", now + HOUR).await, Claimed::Taken);
    assert_eq!(few(acme.clone(), "e", now + HOUR).await, Claimed::Full);
}

async fn answers_are_a_scopes_own_and_go_with_its_tenant(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let (operator, now) = (TenantScope::local(), Timestamp::now());
    for scope in [&acme, &globex, &operator] {
        assert_eq!(take(&store, scope, "a", now).await, Claimed::Taken);
    }
    store.forget_answer(&globex, &place("a")).await.expect("forgotten");
    assert_eq!(take(&store, &acme, "a", now).await, Claimed::Held(claim(now + HOUR)));
    store.delete_tenant(&acme.id()).await.expect("deleted");
    assert_eq!(take(&store, &acme, "a", now).await, Claimed::Taken);
    assert_eq!(take(&store, &operator, "a", now).await, Claimed::Held(claim(now + HOUR)));
}

async fn one_of_many_takes_a_place(store: Store) {
    let (acme, now) = (store.tenant("acme").await, Timestamp::now());
    let (store, acme) = (Arc::new(store), Arc::new(acme));
    let tries = (0..32).map(|_| {
        let (store, acme) = (store.clone(), acme.clone());
        tokio::spawn(async move { take(&store, &acme, "a", now).await })
    });
    let mut taken = 0;
    for one in tries.collect::<Vec<_>>() {
        taken += usize::from(one.await.expect("no panic") == Claimed::Taken);
    }
    assert_eq!(taken, 1);
}
