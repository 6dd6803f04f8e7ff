//! Rates that hosts share. The embedded store has one host and says so.

use std::time::Duration;

use isolet_domain::repository::RateCharge;

use crate::stores::{Store, new_tenant};

crate::contract!(what_is_charged_adds_up_for_each_tenant);

async fn what_is_charged_adds_up_for_each_tenant(store: Store) {
    let (acme, globex) = (new_tenant("acme").id, new_tenant("globex").id);
    let charge = |tenant, count| RateCharge { tenant, per_second: 10, count };
    let Some(first) = store.charge_rates(&[charge(acme, 50)]).await.expect("charged") else {
        assert_eq!(store.kind(), "embedded");
        return;
    };
    assert_ne!(store.kind(), "embedded");
    let about = |told: Duration, expected: u64| {
        let expected = Duration::from_millis(expected);
        assert!(told <= expected && told + Duration::from_millis(900) > expected, "{told:?} {expected:?}");
    };
    about(first[0], 5_000);
    let both = store.charge_rates(&[charge(globex, 10), charge(acme, 30)]).await.expect("charged").expect("shared");
    about(both[0], 1_000);
    about(both[1], 8_000);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let later = store.charge_rates(&[charge(globex, 1)]).await.expect("charged").expect("shared");
    about(later[0], 100);
    assert_eq!(store.charge_rates(&[]).await.expect("charged"), Some(Vec::new()));
}
