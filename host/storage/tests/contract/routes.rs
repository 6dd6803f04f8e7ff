//! Hosts and routes: a host is one tenant's, and changes of routes never undo each other.

use isolet_domain::access::TenantScope;
use isolet_domain::ids::{AliasName, RouteId, TenantId};
use isolet_domain::repository::WriteError;
use isolet_domain::route::{PathPrefix, Route, RouteHost, Routing};
use isolet_domain::tenant::Tenant;
use jiff::Timestamp;

use crate::samples::name;
use crate::stores::{Store, new_tenant};

crate::contract!(
    a_host_is_one_tenants,
    one_of_many_gets_a_host,
    routes_are_kept_as_they_are_and_go_with_their_host,
    changes_of_routes_add_up_under_concurrency,
    a_tenant_that_is_gone_has_no_hosts,
);

fn host(raw: &str) -> RouteHost {
    RouteHost::parse(raw).expect("a good host")
}

fn id(raw: &str) -> RouteId {
    RouteId::parse(raw).expect("a good id")
}

fn route(on: &str, prefix: &str) -> Route {
    Route {
        host: host(on),
        path_prefix: PathPrefix::parse(prefix).expect("a good prefix"),
        function: name("hello"),
        alias: AliasName::parse("next").expect("a good name"),
        updated_at: Timestamp::now(),
    }
}

async fn a_host_is_one_tenants(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let a = host("a.example");
    assert_eq!(store.host_owner(&a).await.expect("readable"), None);
    assert!(matches!(store.release_host(&acme, &a).await, Err(WriteError::Missing)));
    store.claim_host(&acme, &a).await.expect("free");
    store.claim_host(&acme, &a).await.expect("its own");
    assert!(matches!(store.claim_host(&globex, &a).await, Err(WriteError::Exists)));
    assert!(matches!(store.release_host(&globex, &a).await, Err(WriteError::Missing)));
    assert_eq!(store.host_owner(&a).await.expect("readable"), Some(acme.id()));
    assert!(store.routing(&globex).await.expect("readable").hosts.is_empty());
    store.release_host(&acme, &a).await.expect("its own");
    assert_eq!(store.host_owner(&a).await.expect("readable"), None);
    store.claim_host(&globex, &a).await.expect("free again");
    assert_eq!(store.host_owner(&a).await.expect("readable"), Some(globex.id()));
    assert!(store.routing(&acme).await.expect("readable").hosts.is_empty());
}

async fn one_of_many_gets_a_host(store: Store) {
    let mut tenants = Vec::new();
    for n in 0..10 {
        tenants.push(store.tenant(&format!("t{n}")).await);
    }
    let attempts: Vec<_> = tenants
        .into_iter()
        .map(|tenant| {
            let store = store.clone();
            tokio::spawn(async move {
                let claimed = store.claim_host(&tenant, &host("a.example")).await;
                let listed = store.routing(&tenant).await.expect("readable").hosts.contains(&host("a.example"));
                (tenant.id(), claimed.is_ok(), listed)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for attempt in attempts {
        let (tenant, claimed, listed) = attempt.await.expect("no panic");
        assert_eq!(claimed, listed);
        winners.extend(claimed.then_some(tenant));
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(store.host_owner(&host("a.example")).await.expect("readable"), winners.pop());
}

async fn routes_are_kept_as_they_are_and_go_with_their_host(store: Store) {
    let acme = store.tenant("acme").await;
    assert_eq!(store.routing(&acme).await.expect("readable"), Routing::default());
    for raw in ["a.example", "b.example"] {
        store.claim_host(&acme, &host(raw)).await.expect("free");
    }
    let wanted =
        [("one", route("a.example", "/")), ("two", route("a.example", "/a~(b)/")), ("three", route("b.example", "/c"))];
    let add = |routing: &mut Routing| {
        routing.hosts.clear();
        routing.routes = wanted.iter().map(|(raw, route)| (id(raw), route.clone())).collect();
    };
    let changed = store.update_routing(&acme, &add).await.expect("changed");
    assert_eq!((changed.hosts.len(), changed.routes.len()), (2, 3), "the hosts are not for changes");
    assert_eq!(store.routing(&acme).await.expect("readable"), changed);
    store.release_host(&acme, &host("a.example")).await.expect("its own");
    let left = store.routing(&acme).await.expect("readable");
    assert_eq!(left.routes.into_iter().collect::<Vec<_>>(), [(id("three"), route_at(&changed, "three"))]);
    assert_eq!(left.hosts.into_iter().collect::<Vec<_>>(), [host("b.example")]);
}

fn route_at(routing: &Routing, raw: &str) -> Route {
    routing.routes[&id(raw)].clone()
}

async fn changes_of_routes_add_up_under_concurrency(store: Store) {
    let acme = store.tenant("acme").await;
    let changes: Vec<_> = (0..40)
        .map(|n| {
            let (store, acme) = (store.clone(), acme.clone());
            tokio::spawn(async move {
                if n % 4 == 0 {
                    store.claim_host(&acme, &host(&format!("h{n}.example"))).await.expect("free");
                } else {
                    let add = |routing: &mut Routing| {
                        routing.routes.insert(id(&format!("r{n}")), route("a.example", &format!("/{n}")));
                    };
                    store.update_routing(&acme, &add).await.expect("changed");
                }
            })
        })
        .collect();
    for change in changes {
        change.await.expect("no panic");
    }
    let routing = store.routing(&acme).await.expect("readable");
    assert_eq!((routing.hosts.len(), routing.routes.len()), (10, 30));
}

async fn a_tenant_that_is_gone_has_no_hosts(store: Store) {
    let nobody = TenantScope::of_route(&Tenant { id: TenantId::generate(), ..new_tenant("nobody") });
    assert!(matches!(store.claim_host(&nobody, &host("a.example")).await, Err(WriteError::Missing)));
    assert!(matches!(store.update_routing(&nobody, &|_| {}).await, Err(WriteError::Missing)));
    assert_eq!(store.host_owner(&host("a.example")).await.expect("readable"), None);
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    store.claim_host(&acme, &host("a.example")).await.expect("free");
    store.claim_host(&globex, &host("b.example")).await.expect("free");
    store.delete_tenant(&acme.id()).await.expect("deleted");
    assert_eq!(store.host_owner(&host("a.example")).await.expect("readable"), None);
    assert_eq!(store.routing(&acme).await.expect("readable"), Routing::default());
    let next = store.tenant("acme").await;
    assert_eq!(store.routing(&next).await.expect("readable"), Routing::default());
    store.claim_host(&next, &host("a.example")).await.expect("free");
    assert_eq!(store.host_owner(&host("b.example")).await.expect("readable"), Some(globex.id()));
}
