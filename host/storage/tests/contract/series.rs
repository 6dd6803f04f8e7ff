//! Tallies: a host's own part of a window is put whole, parts of several stand side by side, and what is closed stays.

use std::time::Duration;

use isolet_domain::access::TenantScope;
use isolet_domain::outcome::Outcome;
use isolet_domain::series::{Execution, Keeping, Place, Recorded, Step, Tallies, Tally, Writer};
use jiff::Timestamp;

use crate::samples::name;
use crate::stores::Store;

crate::contract!(
    parts_come_back_as_they_were,
    a_part_that_is_put_again_replaces_itself_alone,
    a_closed_window_does_not_change,
    what_is_too_old_goes,
    tallies_are_their_tenants_and_go_with_it,
);

const OPEN: Keeping = Keeping { kept: 1_000_000, closes_after: None };
const ONE: Writer = Writer([1; 16]);
const TWO: Writer = Writer([0xFF; 16]);

fn now() -> i64 {
    Timestamp::now().as_second()
}

fn place(step: Step, second: i64, writer: Writer) -> Place {
    Place { step, start: step.window(second), writer }
}

/// A tally with everything.
pub fn tallies(times: u64) -> Tallies {
    let mut tally = Tally::default();
    for number in 0..times {
        tally.add(&Execution {
            outcome: Outcome::ALL[number as usize % Outcome::ALL.len()],
            duration: Duration::from_millis(number * number),
            cpu: Duration::from_micros(7),
            memory_peak_bytes: u64::MAX,
            cold: true,
            subrequests: 1,
            request_bytes: u64::MAX / 2,
            response_bytes: 3,
            egress_bytes: 4,
        });
    }
    Tallies::from([(None, tally.clone()), (Some(name("hello")), tally)])
}

async fn put(store: &Store, tenant: &TenantScope, place: Place, tallies: &Tallies) {
    let put = store.put_tallies(tenant, &place, tallies, OPEN).await.expect("the store is there");
    assert_eq!(put, Recorded::Kept);
}

async fn all(store: &Store, tenant: &TenantScope, step: Step) -> Vec<(Place, Tallies)> {
    let mut parts = store.tallies(tenant, step, (0, now() + 10_000)).await.expect("readable");
    parts.sort_by_key(|(place, _)| *place);
    parts
}

async fn parts_come_back_as_they_were(store: Store) {
    let acme = store.tenant("acme").await;
    let at = Step::Hour.window(now());
    assert!(all(&store, &acme, Step::Minute).await.is_empty());
    let placed = [
        (place(Step::Minute, at, ONE), tallies(25)),
        (place(Step::Minute, at, TWO), tallies(1)),
        (place(Step::Minute, at + 60, ONE), Tallies::new()),
    ];
    for (place, tallies) in &placed {
        put(&store, &acme, *place, tallies).await;
    }
    put(&store, &acme, place(Step::Hour, at, ONE), &tallies(2)).await;
    assert_eq!(all(&store, &acme, Step::Minute).await, placed);
    assert_eq!(all(&store, &acme, Step::Hour).await.len(), 1);
    for (between, count) in
        [((at, at + 60), 2), ((at + 1, at + 61), 1), ((at, at), 0), ((at + 61, i64::MAX), 0), ((at, 0), 0)]
    {
        let found = store.tallies(&acme, Step::Minute, between).await.expect("readable");
        assert_eq!(found.len(), count, "{between:?}");
    }
}

async fn a_part_that_is_put_again_replaces_itself_alone(store: Store) {
    let acme = store.tenant("acme").await;
    let (one, two) = (place(Step::TenSeconds, now(), ONE), place(Step::TenSeconds, now(), TWO));
    for times in [1, 1, 2] {
        put(&store, &acme, one, &tallies(times)).await;
    }
    put(&store, &acme, two, &tallies(7)).await;
    assert_eq!(all(&store, &acme, Step::TenSeconds).await, [(one, tallies(2)), (two, tallies(7))]);
}

async fn a_closed_window_does_not_change(store: Store) {
    let acme = store.tenant("acme").await;
    let closing = Keeping { closes_after: Some(300), ..OPEN };
    let (past, open) = (place(Step::Quarter, now() - 7_200, ONE), place(Step::Quarter, now(), ONE));
    put(&store, &acme, past, &tallies(3)).await;
    let late = store.put_tallies(&acme, &past, &tallies(9), closing).await.expect("the store is there");
    assert_eq!(late, Recorded::Closed(tallies(3)));
    let unheard = Place { writer: TWO, ..past };
    let late = store.put_tallies(&acme, &unheard, &tallies(9), closing).await.expect("the store is there");
    assert_eq!(late, Recorded::Closed(Tallies::new()));
    let kept = store.put_tallies(&acme, &open, &tallies(1), closing).await.expect("the store is there");
    assert_eq!(kept, Recorded::Kept);
    // Right after its end it is still open.
    let ended = place(Step::Quarter, now() - 900, ONE);
    let grace = Keeping { closes_after: Some(901), ..OPEN };
    let kept = store.put_tallies(&acme, &ended, &tallies(1), grace).await.expect("the store is there");
    assert_eq!(kept, Recorded::Kept);
    assert_eq!(all(&store, &acme, Step::Quarter).await[0], (past, tallies(3)));
}

async fn what_is_too_old_goes(store: Store) {
    let acme = store.tenant("acme").await;
    let (old, young) = (place(Step::Minute, now() - 7_200, ONE), place(Step::Minute, now() - 60, ONE));
    put(&store, &acme, old, &tallies(1)).await;
    put(&store, &acme, place(Step::Hour, now() - 7_200, ONE), &tallies(1)).await;
    let hour = Keeping { kept: 3_600, closes_after: None };
    store.put_tallies(&acme, &young, &tallies(1), hour).await.expect("the store is there");
    assert_eq!(all(&store, &acme, Step::Minute).await, [(young, tallies(1))]);
    assert_eq!(all(&store, &acme, Step::Hour).await.len(), 1);
}

async fn tallies_are_their_tenants_and_go_with_it(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let at = place(Step::Quarter, now(), ONE);
    put(&store, &acme, at, &tallies(1)).await;
    put(&store, &globex, at, &tallies(2)).await;
    assert_eq!(all(&store, &acme, Step::Quarter).await, [(at, tallies(1))]);
    store.delete_tenant(&globex.id()).await.expect("deleted");
    put(&store, &globex, at, &tallies(2)).await;
    assert!(all(&store, &globex, Step::Quarter).await.is_empty());
    assert_eq!(all(&store, &acme, Step::Quarter).await, [(at, tallies(1))]);
}
