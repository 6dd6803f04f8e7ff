//! The audit: chains grow at their end alone, are read in both orders, and lose only their beginning.

use std::sync::Arc;

use isolet_domain::access::TenantScope;
use isolet_domain::audit::{Act, AuditEntry, AuditKey, Link};
use isolet_domain::ids::{AuditId, HostId, KeyId, RequestId};
use isolet_domain::repository::WriteError;
use jiff::Timestamp;

use crate::samples::NASTY;
use crate::stores::Store;

crate::contract!(
    entries_are_kept_as_they_are_and_found_by_tenant_and_in_order,
    a_chain_grows_at_its_end_alone,
    one_of_many_adds_the_next_entry,
    a_chain_loses_its_beginning_and_nothing_else,
    a_deleted_tenants_entries_stay,
    what_has_begun_is_noted_until_it_is_in_the_chain,
);

const KEY: AuditKey = AuditKey::new([3; 32]);

fn act(tenant: Option<&TenantScope>) -> Act {
    Act {
        request: RequestId::generate(),
        actor: Some(KeyId::generate()),
        operation: "put_function".to_owned(),
        tenant: tenant.map(|tenant| (tenant.id(), tenant.slug().clone())),
        target: NASTY.to_owned(),
        subject: Some(NASTY.to_owned()),
        status: 201,
    }
}

fn after(host: HostId, last: Option<Link>, seen: Option<Link>, tenant: Option<&TenantScope>) -> AuditEntry {
    AuditEntry::new(&KEY, host, last, seen, (AuditId::generate(), Timestamp::now(), act(tenant)))
}

/// So many entries, after what is there, each with a write of its own.
async fn grow(store: &Store, host: HostId, tenants: &[Option<&TenantScope>]) -> Vec<AuditEntry> {
    let mut made = Vec::new();
    for tenant in tenants {
        let (own, other) = store.audit_heads(&host).await.expect("readable");
        let entry = after(host, own, other, *tenant);
        store.append_audit(std::slice::from_ref(&entry)).await.expect("it is the next");
        made.push(entry);
    }
    made
}

async fn entries_are_kept_as_they_are_and_found_by_tenant_and_in_order(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let (one, two) = (HostId::generate(), HostId::generate());
    let mut all = grow(&store, one, &[Some(&acme), None, Some(&globex)]).await;
    all.extend(grow(&store, two, &[Some(&acme)]).await);
    all.extend(grow(&store, one, &[Some(&acme)]).await);
    assert_eq!(all[3].seen, Some(all[2].link()));
    assert_eq!(all[4].seen, Some(all[3].link()));
    assert!(all.iter().all(|entry| entry.is_whole(&KEY)));
    let listed = store.list_audit(None, None, 10).await.expect("readable");
    assert!(!listed.more);
    assert_eq!(listed.items, all.iter().rev().cloned().collect::<Vec<_>>());
    let first = store.list_audit(None, None, 2).await.expect("readable");
    assert_eq!((first.items.as_slice(), first.more), (&listed.items[..2], true));
    let rest = store.list_audit(None, Some(&first.items[1].id), 10).await.expect("readable");
    assert_eq!(rest.items, listed.items[2..]);
    let own = store.list_audit(Some(&acme), None, 10).await.expect("readable");
    assert_eq!(own.items, [all[4].clone(), all[3].clone(), all[0].clone()]);
    let own = store.list_audit(Some(&acme), Some(&all[4].id), 1).await.expect("readable");
    assert_eq!((own.items.as_slice(), own.more), (&all[3..4], true));
    let chain = store.audit_chain(&one, 1, 10).await.expect("readable");
    let expected = [&all[1], &all[2], &all[4]].map(|entry| (entry.number, Some(entry.clone())));
    assert_eq!(chain, expected);
    assert_eq!(store.audit_chain(&one, 0, 1).await.expect("readable"), [(1, Some(all[0].clone()))]);
    assert_eq!(store.audit_chain(&HostId::generate(), 0, 1).await.expect("readable"), []);
    let mut heads = vec![all[3].link(), all[4].link()];
    heads.sort_by_key(|link| link.host);
    assert_eq!(store.audit_chains().await.expect("readable"), heads);
}

async fn a_chain_grows_at_its_end_alone(store: Store) {
    let host = HostId::generate();
    assert_eq!(store.audit_heads(&host).await.expect("readable"), (None, None));
    let entries = grow(&store, host, &[None, None]).await;
    for last in [None, Some(entries[0].link()), Some(Link { number: 5, ..entries[1].link() })] {
        let wrong = after(host, last, None, None);
        assert!(matches!(store.append_audit(&[wrong]).await, Err(WriteError::Exists)), "{last:?}");
    }
    // Several at once are all there, or none.
    let third = after(host, Some(entries[1].link()), None, None);
    let fourth = after(host, Some(third.link()), None, None);
    store.append_audit(&[third.clone(), fourth.clone()]).await.expect("the next two");
    assert_eq!(store.audit_heads(&host).await.expect("readable").0, Some(fourth.link()));
    assert!(matches!(store.append_audit(&[third, fourth]).await, Err(WriteError::Exists)));
    assert_eq!(store.list_audit(None, None, 10).await.expect("readable").items.len(), 4);
    store.append_audit(&[]).await.expect("nothing to do");
}

async fn one_of_many_adds_the_next_entry(store: Store) {
    let host = HostId::generate();
    let last = grow(&store, host, &[None]).await[0].link();
    let store = Arc::new(store);
    let attempts = (0..20).map(|_| {
        let (store, entry) = (store.clone(), after(host, Some(last), None, None));
        tokio::spawn(async move { store.append_audit(&[entry]).await.is_ok() })
    });
    let mut winners = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        winners += u32::from(attempt.await.expect("no panic"));
    }
    assert_eq!(winners, 1);
    assert_eq!(store.audit_chain(&host, 0, 10).await.expect("readable").len(), 2);
}

async fn a_chain_loses_its_beginning_and_nothing_else(store: Store) {
    let acme = store.tenant("acme").await;
    let (host, other) = (HostId::generate(), HostId::generate());
    let entries = grow(&store, host, &[Some(&acme), None, Some(&acme), None]).await;
    let others = grow(&store, other, &[Some(&acme)]).await;
    while store.trim_audit(&host, 2).await.expect("trimmed") {}
    let left = store.list_audit(None, None, 10).await.expect("readable").items;
    assert_eq!(left, [others[0].clone(), entries[3].clone(), entries[2].clone()]);
    let own = store.list_audit(Some(&acme), None, 10).await.expect("readable").items;
    assert_eq!(own, [others[0].clone(), entries[2].clone()]);
    assert_eq!(store.audit_chain(&host, 0, 1).await.expect("readable"), [(3, Some(entries[2].clone()))]);
    let next = grow(&store, host, &[None]).await;
    assert_eq!((next[0].number, next[0].before), (5, entries[3].digest));
}

async fn a_deleted_tenants_entries_stay(store: Store) {
    let acme = store.tenant("acme").await;
    let entries = grow(&store, HostId::generate(), &[Some(&acme)]).await;
    store.delete_tenant(&acme.id()).await.expect("deleted");
    let next = store.tenant("acme").await;
    assert_eq!(store.list_audit(Some(&next), None, 10).await.expect("readable").items, []);
    assert_eq!(store.list_audit(None, None, 10).await.expect("readable").items, entries);
}

async fn what_has_begun_is_noted_until_it_is_in_the_chain(store: Store) {
    let acme = store.tenant("acme").await;
    let (host, other) = (HostId::generate(), HostId::generate());
    let begin = |host: HostId| AuditEntry::begun(host, (AuditId::generate(), Timestamp::now(), act(Some(&acme))));
    let (mine, theirs) = (vec![begin(host), begin(host), begin(host)], begin(other));
    assert_eq!(store.begun_audit(&host).await.expect("readable"), []);
    store.begin_audit(&mine).await.expect("noted");
    store.begin_audit(std::slice::from_ref(&theirs)).await.expect("noted");
    store.begin_audit(&[]).await.expect("nothing to do");
    assert_eq!(store.begun_audit(&host).await.expect("readable"), mine);
    // It is in no list and no chain.
    assert_eq!(store.list_audit(Some(&acme), None, 10).await.expect("readable").items, []);
    assert_eq!(
        (store.audit_chains().await.expect("readable"), store.audit_heads(&host).await.expect("readable")),
        (vec![], (None, None))
    );
    let ended = |begun: &AuditEntry, last: Option<Link>| {
        AuditEntry::new(&KEY, host, last, None, (begun.id, begun.at, begun.act.clone()))
    };
    let second = ended(&mine[1], None);
    store.append_audit(std::slice::from_ref(&second)).await.expect("the first of the chain");
    assert_eq!(store.begun_audit(&host).await.expect("readable"), [mine[0].clone(), mine[2].clone()]);
    // What is not added stays noted.
    assert!(store.append_audit(&[ended(&mine[0], None)]).await.is_err());
    assert_eq!(store.begun_audit(&host).await.expect("readable").len(), 2);
    let first = ended(&mine[0], Some(second.link()));
    let third = ended(&mine[2], Some(first.link()));
    store.append_audit(&[first, third]).await.expect("the next two");
    assert_eq!(store.begun_audit(&host).await.expect("readable"), []);
    assert_eq!(store.begun_audit(&other).await.expect("readable"), [theirs]);
}
