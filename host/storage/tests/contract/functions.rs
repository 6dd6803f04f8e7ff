//! Functions: unique names, ordered lists, changes that never undo each other.

use isolet_domain::ids::{AliasName, EnvName};
use isolet_domain::repository::WriteError;
use jiff::Timestamp;

use crate::samples::{NASTY, function, name, version};
use crate::stores::Store;

crate::contract!(
    a_function_is_kept_as_it_is,
    names_are_taken_once_in_a_tenant,
    functions_are_listed_by_name,
    changes_add_up_under_concurrency,
    changes_and_new_versions_add_up,
    of_many_changes_under_a_condition_one_is_made,
    the_name_and_the_number_are_not_for_changes,
    a_deleted_function_is_gone_with_its_versions,
    what_is_not_there_is_missing,
);

async fn a_function_is_kept_as_it_is(store: Store) {
    let acme = store.tenant("acme").await;
    let mut hello = function("hello");
    hello.deploy(AliasName::live(), version("x").id, Timestamp::now());
    hello.env.insert(EnvName::parse("LARGE").expect("a good name"), "😀".repeat(50_000));
    store.create_function(&acme, &hello).await.expect("created");
    assert_eq!(store.function(&acme, &hello.name).await.expect("readable"), Some(hello));
}

async fn names_are_taken_once_in_a_tenant(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let first = function("hello");
    store.create_function(&acme, &first).await.expect("created");
    assert!(matches!(store.create_function(&acme, &function("hello")).await, Err(WriteError::Exists)));
    store.create_function(&globex, &function("hello")).await.expect("another tenant's names are its own");
    assert_eq!(store.function(&acme, &first.name).await.expect("readable"), Some(first));
}

async fn functions_are_listed_by_name(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let names = ["0", "a", "a-0", "a-b", "a0", "aa", "ab", "b", "z-9"];
    for raw in names.iter().rev() {
        store.create_function(&acme, &function(raw)).await.expect("created");
    }
    store.create_function(&globex, &function("a-c")).await.expect("created");
    for (at, after) in std::iter::once(None).chain(names.iter().map(Some)).enumerate() {
        let page = store.list_functions(&acme, after.map(|raw| name(raw)).as_ref(), 100).await.expect("readable");
        let listed: Vec<&str> = page.items.iter().map(|function| function.name.as_str()).collect();
        assert_eq!((listed, page.more), (names[at..].to_vec(), false));
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.list_functions(&acme, after.as_ref(), 2).await.expect("readable");
        after = page.items.last().map(|function| function.name.clone());
        seen.extend(page.items.into_iter().map(|function| function.name.as_str().to_owned()));
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, names);
    assert!(store.list_functions(&acme, None, 0).await.expect("readable").more);
}

async fn changes_add_up_under_concurrency(store: Store) {
    let acme = store.tenant("acme").await;
    store.create_function(&acme, &function("hello")).await.expect("created");
    let changes: Vec<_> = (0..50)
        .map(|n| {
            let (store, acme) = (store.clone(), acme.clone());
            tokio::spawn(async move {
                let variable = EnvName::parse(&format!("V{n}")).expect("a good name");
                let change = |function: &mut isolet_domain::function::Function| {
                    let count: u64 = function.labels.get("count").map_or(0, |count| count.parse().expect("a number"));
                    function.labels.insert("count".to_owned(), (count + 1).to_string());
                    function.env.insert(variable.clone(), NASTY.to_owned());
                };
                let changed = store.update_function(&acme, &name("hello"), &change).await.expect("changed");
                assert!(changed.env.contains_key(&variable));
                changed.labels["count"].clone()
            })
        })
        .collect();
    let mut counts = std::collections::HashSet::new();
    for change in changes {
        counts.insert(change.await.expect("no panic"));
    }
    assert_eq!(counts.len(), 50, "each change saw a state of its own");
    let hello = store.function(&acme, &name("hello")).await.expect("readable").expect("there");
    assert_eq!((hello.labels["count"].as_str(), hello.env.len()), ("50", 51));
}

async fn of_many_changes_under_a_condition_one_is_made(store: Store) {
    let acme = store.tenant("acme").await;
    store.create_function(&acme, &function("hello")).await.expect("created");
    // As a change of an alias under its `ETag` is made.
    let changes: Vec<_> = (0..20)
        .map(|n| {
            let (store, acme) = (store.clone(), acme.clone());
            tokio::spawn(async move {
                let made = std::sync::atomic::AtomicBool::new(false);
                let change = |function: &mut isolet_domain::function::Function| {
                    let free = function.live().is_none();
                    made.store(free, std::sync::atomic::Ordering::Release);
                    if free {
                        function.deploy(AliasName::live(), version(&n.to_string()).id, Timestamp::now());
                    }
                };
                let seen = store.update_function(&acme, &name("hello"), &change).await.expect("changed");
                made.into_inner().then(|| seen.live().cloned())
            })
        })
        .collect();
    let mut made = Vec::new();
    for change in changes {
        made.extend(change.await.expect("no panic"));
    }
    assert_eq!(made.len(), 1);
    let hello = store.function(&acme, &name("hello")).await.expect("readable").expect("there");
    assert_eq!(made.pop().flatten().as_ref(), hello.live());
}

async fn changes_and_new_versions_add_up(store: Store) {
    let acme = store.tenant("acme").await;
    store.create_function(&acme, &function("hello")).await.expect("created");
    let work: Vec<_> = (0..20)
        .map(|n| {
            let (store, acme) = (store.clone(), acme.clone());
            tokio::spawn(async move {
                let (added, _) = store
                    .add_version(&acme, &name("hello"), version(&format!("export default {n}")))
                    .await
                    .expect("added");
                let go_live = |function: &mut isolet_domain::function::Function| {
                    function.deploy(AliasName::live(), added.id.clone(), Timestamp::now());
                    function.labels.insert(n.to_string(), String::new());
                };
                store.update_function(&acme, &name("hello"), &go_live).await.expect("changed");
            })
        })
        .collect();
    for work in work {
        work.await.expect("no panic");
    }
    let hello = store.function(&acme, &name("hello")).await.expect("readable").expect("there");
    assert_eq!(hello.next_number, 21);
    assert!((0..20).all(|n: u32| hello.labels.contains_key(&n.to_string())));
    let live = store.version(&acme, &name("hello"), hello.live().expect("live")).await.expect("readable");
    assert!(live.is_some());
}

async fn the_name_and_the_number_are_not_for_changes(store: Store) {
    let acme = store.tenant("acme").await;
    store.create_function(&acme, &function("hello")).await.expect("created");
    let change = |function: &mut isolet_domain::function::Function| {
        function.name = name("other");
        function.next_number = 99;
        function.updated_at = Timestamp::UNIX_EPOCH;
    };
    let changed = store.update_function(&acme, &name("hello"), &change).await.expect("changed");
    assert_eq!((changed.name, changed.next_number), (name("hello"), 1));
    assert_eq!(changed.updated_at, Timestamp::UNIX_EPOCH);
    assert_eq!(store.function(&acme, &name("other")).await.expect("readable"), None);
    let (added, _) = store.add_version(&acme, &name("hello"), version("x")).await.expect("added");
    assert_eq!(added.number, 1);
}

async fn a_deleted_function_is_gone_with_its_versions(store: Store) {
    let acme = store.tenant("acme").await;
    // Names that are each other's beginnings: no range may reach into a neighbour.
    let names = ["a", "a-b", "a0", "aa"];
    for raw in names {
        store.create_function(&acme, &function(raw)).await.expect("created");
        for code in ["1", "2"] {
            store.add_version(&acme, &name(raw), version(code)).await.expect("added");
        }
    }
    let named = store.delete_function(&acme, &name("a")).await.expect("deleted");
    assert_eq!(named, ["1", "2"].map(|code| version(code).digest).into());
    assert!(matches!(store.delete_function(&acme, &name("a")).await, Err(WriteError::Missing)));
    assert_eq!(store.function(&acme, &name("a")).await.expect("readable"), None);
    assert_eq!(store.version(&acme, &name("a"), &version("1").id).await.expect("readable"), None);
    assert!(store.list_versions(&acme, &name("a"), None, 10).await.expect("readable").items.is_empty());
    for raw in &names[1..] {
        assert_eq!(store.list_versions(&acme, &name(raw), None, 10).await.expect("readable").items.len(), 2, "{raw}");
    }
    // A new one of that name starts from the beginning.
    store.create_function(&acme, &function("a")).await.expect("created");
    let (added, new) = store.add_version(&acme, &name("a"), version("2")).await.expect("added");
    assert_eq!((added.number, new), (1, true));
}

async fn what_is_not_there_is_missing(store: Store) {
    let acme = store.tenant("acme").await;
    let nothing = name("nothing");
    assert_eq!(store.function(&acme, &nothing).await.expect("readable"), None);
    assert!(matches!(store.update_function(&acme, &nothing, &|_| {}).await, Err(WriteError::Missing)));
    assert!(matches!(store.delete_function(&acme, &nothing).await, Err(WriteError::Missing)));
    assert!(matches!(store.add_version(&acme, &nothing, version("x")).await, Err(WriteError::Missing)));
    assert!(store.list_functions(&acme, None, 10).await.expect("readable").items.is_empty());
    // A change that changes nothing is one too.
    store.create_function(&acme, &function("hello")).await.expect("created");
    let same = store.update_function(&acme, &name("hello"), &|_| {}).await.expect("changed");
    assert_eq!(store.function(&acme, &name("hello")).await.expect("readable"), Some(same));
}
