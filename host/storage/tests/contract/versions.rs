//! Versions: one for each digest, numbered without gaps, newest first.

use isolet_domain::function::Version;

use crate::samples::{function, name, version};
use crate::stores::Store;

crate::contract!(
    a_version_is_kept_under_the_next_number,
    the_same_digest_is_the_same_version,
    fifty_at_once_are_numbered_without_gaps,
    versions_are_listed_newest_first,
    versions_belong_to_one_function,
);

async fn a_version_is_kept_under_the_next_number(store: Store) {
    let acme = store.tenant("acme").await;
    store.create_function(&acme, &function("hello")).await.expect("created");
    for number in 1..=3 {
        let sent = version(&number.to_string());
        let (added, new) = store.add_version(&acme, &name("hello"), sent.clone()).await.expect("added");
        assert_eq!((&added, new), (&Version { number, ..sent }, true));
        assert_eq!(store.version(&acme, &name("hello"), &added.id).await.expect("readable"), Some(added));
        let hello = store.function(&acme, &name("hello")).await.expect("readable").expect("there");
        assert_eq!(hello.next_number, number + 1);
    }
}

async fn the_same_digest_is_the_same_version(store: Store) {
    let acme = store.tenant("acme").await;
    store.create_function(&acme, &function("hello")).await.expect("created");
    let (first, _) = store.add_version(&acme, &name("hello"), version("x")).await.expect("added");
    let again = Version { message: "another message".to_owned(), ..version("x") };
    let (second, new) = store.add_version(&acme, &name("hello"), again).await.expect("found");
    assert_eq!((second, new), (first.clone(), false));
    assert_eq!(store.version(&acme, &name("hello"), &first.id).await.expect("readable"), Some(first));
    let (next, _) = store.add_version(&acme, &name("hello"), version("y")).await.expect("added");
    assert_eq!(next.number, 2);
}

async fn fifty_at_once_are_numbered_without_gaps(store: Store) {
    let acme = store.tenant("acme").await;
    store.create_function(&acme, &function("hello")).await.expect("created");
    // Every code twice: 50 calls, 25 versions.
    let adds: Vec<_> = (0..50)
        .map(|n| {
            let (store, acme) = (store.clone(), acme.clone());
            tokio::spawn(async move {
                store.add_version(&acme, &name("hello"), version(&(n % 25).to_string())).await.expect("added")
            })
        })
        .collect();
    let mut new = 0;
    let mut answers = Vec::new();
    for add in adds {
        let (version, added) = add.await.expect("no panic");
        new += usize::from(added);
        answers.push(version);
    }
    assert_eq!(new, 25);
    let listed = store.list_versions(&acme, &name("hello"), None, 100).await.expect("readable").items;
    assert_eq!(listed.iter().map(|version| version.number).collect::<Vec<_>>(), (1..=25).rev().collect::<Vec<_>>());
    assert!(answers.iter().all(|version| listed.contains(version)));
    let hello = store.function(&acme, &name("hello")).await.expect("readable").expect("there");
    assert_eq!(hello.next_number, 26);
}

async fn versions_are_listed_newest_first(store: Store) {
    let acme = store.tenant("acme").await;
    store.create_function(&acme, &function("hello")).await.expect("created");
    for number in 1..=12 {
        store.add_version(&acme, &name("hello"), version(&number.to_string())).await.expect("added");
    }
    let list = async |before, limit| {
        let page = store.list_versions(&acme, &name("hello"), before, limit).await.expect("readable");
        (page.items.iter().map(|version| version.number).collect::<Vec<_>>(), page.more)
    };
    assert_eq!(list(None, 100).await, ((1..=12).rev().collect(), false));
    assert_eq!(list(None, 12).await, ((1..=12).rev().collect(), false));
    assert_eq!(list(None, 3).await, (vec![12, 11, 10], true));
    assert_eq!(list(Some(10), 3).await, (vec![9, 8, 7], true));
    assert_eq!(list(Some(3), 2).await, (vec![2, 1], false));
    assert_eq!(list(Some(1), 2).await, (vec![], false));
    assert_eq!(list(Some(0), 2).await, (vec![], false));
    assert_eq!(list(Some(u64::MAX), 1).await, (vec![12], true));
    assert_eq!(list(None, 0).await, (vec![], true));
}

async fn versions_belong_to_one_function(store: Store) {
    let acme = store.tenant("acme").await;
    for raw in ["a", "a-b"] {
        store.create_function(&acme, &function(raw)).await.expect("created");
    }
    let (ours, _) = store.add_version(&acme, &name("a"), version("x")).await.expect("added");
    assert_eq!(store.version(&acme, &name("a-b"), &ours.id).await.expect("readable"), None);
    let (theirs, new) = store.add_version(&acme, &name("a-b"), version("x")).await.expect("added");
    assert_eq!((theirs.number, new), (1, true));
    assert_eq!(store.list_versions(&acme, &name("a"), None, 10).await.expect("readable").items, [ours]);
}
