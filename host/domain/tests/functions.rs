//! Functions over the fakes: those with a label, found and removed together, of however many a tenant has.

use std::collections::BTreeMap;
use std::sync::Arc;

use isolet_domain::access::{Credential, TenantScope};
use isolet_domain::bounds::{Bounds, FunctionPattern};
use isolet_domain::fake_guests::FakeGuests;
use isolet_domain::fakes::MemoryStore;
use isolet_domain::function::Function;
use isolet_domain::ids::{FunctionName, TenantSlug};
use isolet_domain::key::KeyPepper;
use isolet_domain::repository::FunctionRepository as _;
use isolet_domain::secret::MasterKey;
use isolet_domain::service::tenants::TenantChange;
use isolet_domain::service::{Platform, PlatformConfig};
use jiff::Timestamp;

type Labels = BTreeMap<String, String>;

/// A host with one tenant.
struct Host {
    store: Arc<MemoryStore>,
    platform: Platform,
    acme: TenantScope,
}

async fn host() -> Host {
    let (store, guests) = (Arc::<MemoryStore>::default(), Arc::new(FakeGuests::new()));
    let (pepper, master) = (KeyPepper::new([1; 32]), MasterKey::new([1; 32]));
    let platform = Platform::new(store.clone(), guests, pepper, master, PlatformConfig::ALONE);
    let slug = TenantSlug::parse("acme").expect("valid");
    let tenant = platform.tenants.create(slug, TenantChange::default()).await.expect("created");
    let acme = Credential::operator().scope_over(&tenant).expect("the operator reaches all");
    Host { store, platform, acme }
}

fn name(raw: &str) -> FunctionName {
    FunctionName::parse(raw).expect("valid")
}

fn labels() -> Labels {
    [("l".to_owned(), "1".to_owned())].into()
}

fn bound_to(pattern: &str) -> Bounds {
    let functions = Some([FunctionPattern::parse(pattern).expect("valid")].into());
    Bounds { functions, ..Bounds::default() }
}

impl Host {
    async fn add(&self, raw: &str, labels: Labels) {
        let function = Function { labels, ..Function::new(name(raw), Timestamp::UNIX_EPOCH) };
        self.store.create_function(&self.acme, &function).await.expect("created");
    }

    /// As many as one search looks at and two more, the last with the label.
    async fn add_very_many(&self) {
        for n in 0..5_001 {
            self.add(&format!("f{n:04}"), Labels::new()).await;
        }
        self.add("g", labels()).await;
    }

    async fn list(&self, of: (&Bounds, &Labels), after: Option<FunctionName>) -> (Vec<String>, Option<FunctionName>) {
        let (found, next) = self.platform.functions.list(&self.acme, of, after, 2).await.expect("listed");
        (found.iter().map(|function| function.name.to_string()).collect(), next)
    }
}

#[tokio::test]
async fn a_search_says_where_to_go_on() {
    let host = host().await;
    for raw in ["a", "b", "c", "d"] {
        host.add(raw, if raw == "b" { Labels::new() } else { labels() }).await;
    }
    let none = Bounds::default();
    for (of, first, second) in [
        ((&none, &Labels::new()), ["a", "b"], &["c", "d"][..]),
        ((&none, &labels()), ["a", "c"], &["d"]),
        ((&bound_to("*"), &Labels::new()), ["a", "b"], &["c", "d"]),
    ] {
        let (found, next) = host.list(of, None).await;
        assert_eq!((&found[..], &next), (&first.map(str::to_owned)[..], &Some(name(first[1]))));
        assert_eq!(host.list(of, next).await, (second.iter().map(ToString::to_string).collect(), None));
    }
}

#[tokio::test]
async fn one_search_looks_at_so_many_and_no_more() {
    let host = host().await;
    host.add_very_many().await;
    let of = (&Bounds::default(), &labels());
    let (found, next) = host.list(of, None).await;
    assert_eq!((found.len(), &next), (0, &Some(name("f4999"))));
    assert_eq!(host.list(of, next).await, (vec!["g".to_owned()], None));
    // A removal goes on until there is something to remove: asked again it would find as little.
    let removed = host.platform.functions.delete_labelled(&host.acme, &labels(), false).await;
    assert_eq!(removed.expect("removed"), (vec![name("g")], false));
}

#[tokio::test]
async fn whoever_is_bound_to_functions_goes_on_from_none_that_is_out_of_reach() {
    let host = host().await;
    host.add_very_many().await;
    let none = Labels::new();
    // What is out of reach is passed over, or not looked at at all.
    assert_eq!(host.list((&bound_to("g*"), &none), None).await, (vec!["g".to_owned()], None));
    assert_eq!(host.list((&bound_to("e*"), &none), None).await, (vec![], None));
    let (found, next) = host.list((&bound_to("f000*"), &none), None).await;
    assert_eq!((found, next), (vec!["f0000".to_owned(), "f0001".to_owned()], Some(name("f0001"))));
    let (found, next) = host.list((&bound_to("f*"), &labels()), None).await;
    assert_eq!((found.len(), next), (0, Some(name("f4999"))), "that one is in reach");
}

#[tokio::test]
async fn a_removal_that_breaks_off_names_what_is_gone() {
    let (mut ends, all) = ([0; 3], ["a", "b", "c", "d"]);
    // The store goes away a little later each time.
    for turns in 0..20 {
        let host = host().await;
        for raw in all {
            host.add(raw, labels()).await;
        }
        let wanted = labels();
        let remove = host.platform.functions.delete_labelled(&host.acme, &wanted, false);
        let switch_off = async {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            host.store.set_available(false);
        };
        let (removed, ()) = tokio::join!(remove, switch_off);
        host.store.set_available(true);
        let (left, _) =
            host.platform.functions.list(&host.acme, (&Bounds::default(), &wanted), None, 9).await.expect("listed");
        let left: Vec<&str> = left.iter().map(|function| function.name.as_str()).collect();
        match removed {
            Err(_) => assert_eq!(left, all, "nothing is gone"),
            Ok((names, more)) => {
                let names: Vec<&str> = names.iter().map(FunctionName::as_str).collect();
                assert_eq!([&names[..], &left].concat(), all);
                assert!(!names.is_empty() && more != left.is_empty(), "{names:?} {more}");
            }
        }
        ends[usize::from(left.len() < all.len()) + usize::from(left.is_empty())] += 1;
    }
    assert!(ends.iter().all(|count| *count > 0), "it broke off before, between and not at all: {ends:?}");
}
