//! Logs: batches come back as they went in, in one order, as many as are kept.

use std::sync::Arc;
use std::time::Duration;

use isolet_domain::access::TenantScope;
use isolet_domain::ids::AliasName;
use isolet_domain::log::{BatchId, LogBatch, LogKeep, LogPosition, LogRecord, Origin, StoredLogs, Via};
use isolet_domain::outcome::Outcome;

use crate::samples::{log_record, name};
use crate::stores::Store;

crate::contract!(
    batches_come_back_as_they_were,
    a_batch_that_is_sent_again_is_there_once,
    the_oldest_go_first_and_the_newest_stays,
    what_is_too_old_goes,
    any_position_divides_the_log,
    a_log_is_its_tenants_and_goes_with_it,
    writers_at_once_share_one_order,
);

pub const KEEP: LogKeep = LogKeep { bytes: 100 << 20, records: 1_000_000, age: Duration::from_secs(3_600) };
const ALL: usize = 100 << 20;

pub fn batch(records: usize) -> LogBatch {
    let origin = Arc::new(Origin {
        function: Some(name("hello")),
        alias: Some(AliasName::live()),
        version: crate::samples::version("x").id,
        number: Some(3),
    });
    let of = |_| LogRecord { origin: origin.clone(), ..log_record() };
    let id = BatchId(*isolet_domain::ids::RunId::generate().as_bytes());
    LogBatch { id, records: (0..records).map(of).collect(), dropped: 0 }
}

async fn append(store: &Store, tenant: &TenantScope, batch: &LogBatch) {
    store.append_logs(tenant, batch, false, &KEEP).await.expect("the store is there");
}

async fn all(store: &Store, tenant: &TenantScope) -> Vec<StoredLogs> {
    store.logs_after(tenant, LogPosition(0), ALL).await.expect("readable")
}

async fn batches_come_back_as_they_were(store: Store) {
    let acme = store.tenant("acme").await;
    assert!(all(&store, &acme).await.is_empty());
    let plain = LogRecord {
        via: Via::Ingress,
        trace: None,
        run: None,
        outcome: Outcome::Ok,
        error: None,
        lines: Vec::new(),
        lines_truncated: false,
        cold: false,
        status: None,
        ..log_record()
    };
    let first = LogBatch { records: vec![log_record(), plain], dropped: u64::MAX, ..batch(0) };
    append(&store, &acme, &first).await;
    append(&store, &acme, &batch(0)).await;
    let second = batch(3);
    append(&store, &acme, &second).await;
    let stored = all(&store, &acme).await;
    assert_eq!(stored.iter().map(|stored| &stored.batch).collect::<Vec<_>>(), [&first, &second]);
    assert_eq!(stored[1].first.0, stored[0].first.0 + 2);
    let age = jiff::Timestamp::now().duration_since(stored[0].stored_at);
    assert!(age.abs() < jiff::SignedDuration::from_secs(60), "{age:?}");
    let backwards = store.logs_before(&acme, None, ALL).await.expect("readable");
    assert_eq!(backwards, stored.into_iter().rev().collect::<Vec<_>>());
}

async fn a_batch_that_is_sent_again_is_there_once(store: Store) {
    let acme = store.tenant("acme").await;
    let (lost, later, refused) = (batch(2), batch(1), batch(4));
    append(&store, &acme, &lost).await;
    append(&store, &acme, &later).await;
    for batch in [&lost, &refused, &refused] {
        store.append_logs(&acme, batch, true, &KEEP).await.expect("the store is there");
    }
    let ids: Vec<_> = all(&store, &acme).await.iter().map(|stored| stored.batch.id).collect();
    assert_eq!(ids, [lost.id, later.id, refused.id]);
}

async fn the_oldest_go_first_and_the_newest_stays(store: Store) {
    let acme = store.tenant("acme").await;
    let counts = async || all(&store, &acme).await.iter().map(|stored| stored.batch.records.len()).collect::<Vec<_>>();
    let keep = LogKeep { records: 5, ..KEEP };
    for size in 1..=3 {
        store.append_logs(&acme, &batch(size), false, &keep).await.expect("the store is there");
    }
    assert_eq!(counts().await, [2, 3]);
    store.append_logs(&acme, &batch(9), false, &keep).await.expect("the store is there");
    assert_eq!(counts().await, [9]);
    // The sizes were kept in step: as many as before fit again.
    for size in [1, 2, 2] {
        store.append_logs(&acme, &batch(size), false, &keep).await.expect("the store is there");
    }
    assert_eq!(counts().await, [1, 2, 2]);
    let tiny = LogKeep { bytes: 1, ..KEEP };
    store.append_logs(&acme, &batch(1), false, &tiny).await.expect("the store is there");
    assert_eq!(counts().await, [1]);
    let much = LogKeep { bytes: 1 << 20, ..KEEP };
    for _ in 0..20 {
        store.append_logs(&acme, &batch(10), false, &much).await.expect("the store is there");
    }
    assert_eq!(counts().await.len(), 21);
}

async fn what_is_too_old_goes(store: Store) {
    let acme = store.tenant("acme").await;
    let keep = LogKeep { age: Duration::from_millis(300), ..KEEP };
    append(&store, &acme, &batch(1)).await;
    tokio::time::sleep(Duration::from_millis(350)).await;
    let kept = batch(2);
    store.append_logs(&acme, &kept, false, &keep).await.expect("the store is there");
    let stored = all(&store, &acme).await;
    assert_eq!(stored.iter().map(|stored| stored.batch.id).collect::<Vec<_>>(), [kept.id]);
}

async fn any_position_divides_the_log(store: Store) {
    let acme = store.tenant("acme").await;
    for size in [3, 1, 4, 1, 5] {
        append(&store, &acme, &batch(size)).await;
    }
    let stored = all(&store, &acme).await;
    let (first, last) = (stored[0].first.0, stored[4].last().0);
    assert_eq!(last, first + 13);
    for position in (first - 1..=last + 1).map(LogPosition) {
        let after = store.logs_after(&acme, position, ALL).await.expect("readable");
        let expected: Vec<_> = stored.iter().filter(|stored| stored.last() > position).cloned().collect();
        assert_eq!(after, expected, "after {position}");
        let before = store.logs_before(&acme, Some(position), ALL).await.expect("readable");
        let expected: Vec<_> = stored.iter().rev().filter(|stored| stored.first < position).cloned().collect();
        assert_eq!(before, expected, "before {position}");
        // However few bytes are asked for, it goes on.
        let few = store.logs_after(&acme, position, 1).await.expect("readable");
        assert_eq!(few.first(), stored.iter().find(|stored| stored.last() > position), "after {position}");
        assert!(few.len() <= 1);
    }
}

async fn a_log_is_its_tenants_and_goes_with_it(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    append(&store, &acme, &batch(1)).await;
    append(&store, &globex, &batch(2)).await;
    let ours = all(&store, &acme).await;
    assert_eq!(ours.len(), 1);
    store.delete_tenant(&globex.id()).await.expect("deleted");
    append(&store, &globex, &batch(2)).await;
    assert!(all(&store, &globex).await.is_empty());
    assert_eq!(all(&store, &acme).await, ours);
}

async fn writers_at_once_share_one_order(store: Store) {
    let acme = store.tenant("acme").await;
    let writers: Vec<_> = (0..20)
        .map(|size| {
            let (store, acme) = (store.clone(), acme.clone());
            tokio::spawn(async move { append(&store, &acme, &batch(size % 3 + 1)).await })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no writer panics");
    }
    let stored = all(&store, &acme).await;
    assert_eq!(stored.len(), 20);
    assert!(stored.windows(2).all(|pair| pair[1].first.0 == pair[0].last().0 + 1));
}
