//! Versions: one for each digest, numbered without gaps, newest first; and removed only where no alias names them.

use std::collections::BTreeMap;
use std::sync::Arc;

use isolet_domain::alias::{Share, Split};
use isolet_domain::code::Code;
use isolet_domain::fake_guests::FakeGuests;
use isolet_domain::function::{Function, Version};
use isolet_domain::ids::AliasName;
use isolet_domain::key::KeyPepper;
use isolet_domain::repository::{Removal, WriteError};
use isolet_domain::secret::MasterKey;
use isolet_domain::service::aliases::AliasError;
use isolet_domain::service::condition::Verdict;
use isolet_domain::service::versions::{NewVersion, VersionError};
use isolet_domain::service::{Platform, PlatformConfig};
use jiff::Timestamp;

use crate::samples::{function, name, version};
use crate::stores::Store;

crate::contract!(
    a_version_is_kept_under_the_next_number,
    the_same_digest_is_the_same_version,
    fifty_at_once_are_numbered_without_gaps,
    versions_are_listed_newest_first,
    versions_belong_to_one_function,
    what_no_alias_names_can_be_removed_and_made_anew,
    what_an_alias_names_stays,
    removals_and_additions_at_once_add_up,
    a_version_is_removed_or_named_and_never_both,
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

async fn what_no_alias_names_can_be_removed_and_made_anew(store: Store) {
    let acme = store.tenant("acme").await;
    for raw in ["hello", "other"] {
        store.create_function(&acme, &Function::new(name(raw), Timestamp::now())).await.expect("created");
        for text in ["1", "2", "3"] {
            store.add_version(&acme, &name(raw), version(text)).await.expect("added");
        }
    }
    let gone = version("2");
    let removal = store.delete_version(&acme, &name("hello"), &gone.id).await.expect("deleted");
    assert_eq!(removal, Removal::Gone(gone.digest));
    assert_eq!(store.version(&acme, &name("hello"), &gone.id).await.expect("readable"), None);
    let numbers = async |raw| {
        let page = store.list_versions(&acme, &name(raw), None, 10).await.expect("readable");
        page.items.iter().map(|version| version.number).collect::<Vec<_>>()
    };
    assert_eq!((numbers("hello").await, numbers("other").await), (vec![3, 1], vec![3, 2, 1]));
    for (raw, text) in [("hello", "2"), ("hello", "none"), ("none", "1")] {
        let missing = store.delete_version(&acme, &name(raw), &version(text).id).await;
        assert!(matches!(missing, Err(WriteError::Missing)), "{raw} {text}");
    }
    let (again, new) = store.add_version(&acme, &name("hello"), gone.clone()).await.expect("added");
    assert_eq!((&again, new), (&Version { number: 4, ..gone }, true));
    assert_eq!(numbers("hello").await, [4, 3, 1]);
    let hello = store.function(&acme, &name("hello")).await.expect("readable").expect("there");
    assert_eq!((hello.next_number, hello.removals), (5, 1));
    // How often is not for others to say.
    let change = |function: &mut Function| function.removals = 0;
    assert_eq!(store.update_function(&acme, &name("hello"), &change).await.expect("changed").removals, 1);
}

async fn what_an_alias_names_stays(store: Store) {
    let acme = store.tenant("acme").await;
    // All to 2; before, 1 and 2 and, with a weight of 0, 3.
    store.create_function(&acme, &function("hello")).await.expect("created");
    for text in ["1", "2", "3"] {
        store.add_version(&acme, &name("hello"), version(text)).await.expect("added");
    }
    let next = AliasName::parse("next").expect("a good name");
    let delete = async |text: &str| store.delete_version(&acme, &name("hello"), &version(text).id).await;
    let hello = async || store.function(&acme, &name("hello")).await.expect("readable").expect("there");
    let before = hello().await;
    assert_eq!(delete("2").await.expect("asked"), Removal::Named(next.clone()));
    assert_eq!(hello().await, before, "and nothing else changed");
    assert!(store.version(&acme, &name("hello"), &version("2").id).await.expect("readable").is_some());
    // A weight of 0 is a name as well.
    let share = |text: &str, weight| Share { version: version(text).id, weight };
    let split = Split::new(vec![share("2", 10_000), share("3", 0)]).expect("whole");
    let point = |function: &mut Function| {
        function.aliases.get_mut(&next).expect("there").point_at(split.clone(), Timestamp::now());
    };
    store.update_function(&acme, &name("hello"), &point).await.expect("changed");
    assert_eq!(delete("3").await.expect("asked"), Removal::Named(next.clone()));
    assert_eq!(delete("1").await.expect("asked"), Removal::Gone(version("1").digest));
    let earlier = hello().await.aliases[&next].earlier.clone();
    assert_eq!(earlier, [Split::whole(version("2").id)], "nobody goes back to what is gone");
}

async fn removals_and_additions_at_once_add_up(store: Store) {
    let acme = store.tenant("acme").await;
    store.create_function(&acme, &Function::new(name("hello"), Timestamp::now())).await.expect("created");
    for n in 0..20 {
        store.add_version(&acme, &name("hello"), version(&n.to_string())).await.expect("added");
    }
    let (mut removals, mut additions) = (Vec::new(), Vec::new());
    for n in 0..20 {
        let (one, other, acme) = (store.clone(), store.clone(), acme.clone());
        let scope = acme.clone();
        // Each twice: one of them removes it.
        let id = version(&(n / 2).to_string()).id;
        removals.push(tokio::spawn(async move { one.delete_version(&scope, &name("hello"), &id).await.is_ok() }));
        let new = version(&(100 + n).to_string());
        additions
            .push(tokio::spawn(async move { other.add_version(&acme, &name("hello"), new).await.expect("added") }));
    }
    let mut removed = 0;
    for removal in removals {
        removed += u64::from(removal.await.expect("no panic"));
    }
    for addition in additions {
        addition.await.expect("no panic");
    }
    let listed = store.list_versions(&acme, &name("hello"), None, 100).await.expect("readable").items;
    let hello = store.function(&acme, &name("hello")).await.expect("readable").expect("there");
    assert_eq!((removed, listed.len(), hello.removals, hello.next_number), (10, 30, 10, 41));
}

/// Two hosts: one points an alias at a version while the other removes it.
async fn a_version_is_removed_or_named_and_never_both(store: Store) {
    let host = || {
        let guests = Arc::new(FakeGuests::new());
        let keys = (KeyPepper::new([9; 32]), MasterKey::new([9; 32]));
        Arc::new(Platform::new(store.repository(), guests, keys.0, keys.1, PlatformConfig::ALONE))
    };
    let (one, other) = (host(), host());
    let acme = store.tenant("acme").await;
    let (hello, next) = (name("hello"), AliasName::parse("next").expect("a good name"));
    one.functions.put(&acme, (hello.clone(), None), BTreeMap::new(), Arc::new(|_| Verdict::Holds)).await.expect("made");
    for round in 0..40 {
        let new = NewVersion { code: Code::single(&round.to_string()).expect("valid"), message: String::new() };
        let (version, _) = one.versions.add(&acme, &hello, new).await.expect("added");
        let point = {
            let (one, acme, hello, next, id) =
                (one.clone(), acme.clone(), hello.clone(), next.clone(), version.id.clone());
            async move { one.aliases.deploy(&acme, &hello, &next, &id, Arc::new(|_| Verdict::Holds)).await.map(drop) }
        };
        let remove = {
            let (other, acme, hello, id) = (other.clone(), acme.clone(), hello.clone(), version.id.clone());
            async move {
                for _ in 0..round % 5 {
                    tokio::task::yield_now().await;
                }
                other.versions.delete(&acme, &hello, &id).await
            }
        };
        let (pointed, removed) = (tokio::spawn(point), tokio::spawn(remove));
        let (pointed, removed) = (pointed.await.expect("no panic"), removed.await.expect("no panic"));
        match (&pointed, &removed) {
            (Ok(()), Err(VersionError::Named(alias))) => assert_eq!(*alias, next),
            (Err(AliasError::UnknownVersion(id)), Ok(())) => assert_eq!(*id, version.id),
            other => panic!("round {round}: {other:?}"),
        }
        let kept = store.function(&acme, &hello).await.expect("readable").expect("there");
        for share in kept.aliases.values().flat_map(|alias| alias.split.shares()) {
            let found = store.version(&acme, &hello, &share.version).await.expect("readable");
            assert!(found.is_some(), "round {round}: an alias names what is gone");
        }
        for split in kept.aliases.values().flat_map(|alias| &alias.earlier) {
            assert!(!split.names(&version.id) || removed.is_err(), "round {round}: it can be gone back to");
        }
    }
}
