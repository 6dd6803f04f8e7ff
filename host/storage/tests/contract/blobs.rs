//! Contents: named by their digest, whole or not there.

use std::collections::BTreeSet;

use bytes::Bytes;
use isolet_domain::access::TenantScope;
use isolet_domain::ids::{Digest, EnvName};
use isolet_domain::run::Run;
use isolet_domain::secret::Sealed;
use isolet_domain::tenant::Tenant;

use crate::samples::{function, name, prompt, run, version};
use crate::stores::Store;

crate::contract!(
    contents_are_named_by_their_digest,
    the_largest_code_fits,
    many_puts_of_one_content_agree,
    contents_go_when_nobody_names_them,
    a_purge_takes_nothing_from_those_who_add_meanwhile,
    what_a_tenant_has_stored_is_counted,
);

async fn contents_are_named_by_their_digest(store: Store) {
    let every_byte: Vec<u8> = (0..=0xFF).collect();
    for content in [Bytes::new(), Bytes::from_static(b"\0"), Bytes::from(every_byte)] {
        let expected = Digest::of(&content);
        assert_eq!(store.blob(&expected).await.expect("readable"), None);
        for _ in 0..2 {
            assert_eq!(store.put_blob(content.clone()).await.expect("stored"), expected);
        }
        assert_eq!(store.blob(&expected).await.expect("readable"), Some(content));
    }
    assert_eq!(store.blob(&Digest::from_bytes([0; 32])).await.expect("readable"), None);
}

async fn the_largest_code_fits(store: Store) {
    // 10 MiB of modules, with their names and lengths around them.
    let content: Bytes = (0..(10_u32 << 20) + 4_096).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let digest = store.put_blob(content.clone()).await.expect("stored");
    assert!(store.blob(&digest).await.expect("readable") == Some(content));
}

async fn many_puts_of_one_content_agree(store: Store) {
    let content = Bytes::from(vec![7; 100_000]);
    let puts: Vec<_> = (0..20)
        .map(|_| {
            let (store, content) = (store.clone(), content.clone());
            tokio::spawn(async move { store.put_blob(content).await.expect("stored") })
        })
        .collect();
    for put in puts {
        assert_eq!(put.await.expect("no panic"), Digest::of(&content));
    }
    assert_eq!(store.blob(&Digest::of(&content)).await.expect("readable"), Some(content));
}

async fn contents_go_when_nobody_names_them(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let mut digests = BTreeSet::new();
    for text in ["own", "shared", "run", "run of both", "of a prompt", "nobody's"] {
        digests.insert(store.put_blob(Bytes::from(text)).await.expect("stored"));
    }
    for (scope, version_of, run_of) in [(&acme, "own", "run"), (&globex, "shared", "run of both")] {
        store.create_function(scope, &function("hello")).await.expect("created");
        for text in [version_of, "shared"] {
            store.add_version(scope, &name("hello"), version(text)).await.expect("added");
        }
        for text in [run_of, "run of both"] {
            store.record_run(scope, &run(text), 20).await.expect("recorded");
        }
        store.record_run(scope, &prompt("of a prompt"), 20).await.expect("recorded");
    }
    let there = |text: &'static str| {
        let store = store.clone();
        async move { store.blob(&Digest::of(text.as_bytes())).await.expect("readable").is_some() }
    };
    // What a version or a run names stays, whatever is said about it.
    assert_eq!(store.purge_blobs(digests.clone()).await.expect("purged"), 2);
    assert!(!there("nobody's").await && !there("of a prompt").await && there("own").await && there("run").await);

    let named = store.delete_tenant(&acme.id()).await.expect("deleted");
    assert_eq!(named, ["own", "shared", "run", "run of both"].map(|text| Digest::of(text.as_bytes())).into());
    assert_eq!(store.purge_blobs(named).await.expect("purged"), 2);
    assert!(!there("own").await && !there("run").await);
    assert!(there("shared").await && there("run of both").await, "the other tenant names them");
    assert_eq!(store.purge_blobs(digests).await.expect("purged"), 0);
    assert_eq!(store.purge_blobs(BTreeSet::new()).await.expect("purged"), 0);
    let named = store.delete_tenant(&globex.id()).await.expect("deleted");
    assert_eq!(store.purge_blobs(named).await.expect("purged"), 2);
    store.put_blob(Bytes::from("own")).await.expect("stored");
    assert!(there("own").await, "it can be put again");
}

async fn a_purge_takes_nothing_from_those_who_add_meanwhile(store: Store) {
    let acme = store.tenant("acme").await;
    store.create_function(&acme, &function("hello")).await.expect("created");
    let texts: Vec<String> = (0..60).map(|n| format!("code {n}")).collect();
    let digests: BTreeSet<Digest> = texts.iter().map(|text| Digest::of(text.as_bytes())).collect();
    let adds = {
        let (store, texts) = (store.clone(), texts.clone());
        tokio::spawn(async move {
            for text in texts {
                // As the use case does: before and after.
                store.put_blob(Bytes::from(text.clone())).await.expect("stored");
                store.add_version(&acme, &name("hello"), version(&text)).await.expect("added");
                store.put_blob(Bytes::from(text)).await.expect("stored");
            }
        })
    };
    while !adds.is_finished() {
        store.purge_blobs(digests.clone()).await.expect("purged");
    }
    adds.await.expect("no panic");
    for digest in digests {
        assert!(store.blob(&digest).await.expect("readable").is_some());
    }
}

async fn what_a_tenant_has_stored_is_counted(store: Store) {
    const RECORD: u64 = 20_000;
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let stored = async |scope: &TenantScope| {
        store.flush().await.expect("written");
        store.stored_bytes(scope).await.expect("counted")
    };
    let others = stored(&globex).await;
    let mut before = stored(&acme).await;
    // By how much it grows at least, and what a record may add.
    let mut grows_with = async |bytes: u64, around: u64| {
        let now = stored(&acme).await;
        assert!((before + bytes..before + bytes + around).contains(&now), "{bytes}: {before} {now}");
        before = now;
    };
    let (content, other) = ("c".repeat(200_000), "d".repeat(210_000));
    for made in ["hello", "again"] {
        store.create_function(&acme, &function(made)).await.expect("created");
        grows_with(1_000, RECORD).await;
    }
    store.put_blob(Bytes::from(content.clone())).await.expect("stored");
    grows_with(0, RECORD).await;
    store.add_version(&acme, &name("hello"), version(&content)).await.expect("added");
    grows_with(200_000, RECORD).await;
    // The same content is there once.
    store.add_version(&acme, &name("again"), version(&content)).await.expect("added");
    grows_with(0, RECORD).await;
    let without_prompt = |text: &str| Run { prompt: None, ..run(text) };
    store.record_run(&acme, &without_prompt(&content), 20).await.expect("recorded");
    grows_with(200, RECORD).await;
    store.put_blob(Bytes::from(other.clone())).await.expect("stored");
    let ran = without_prompt(&other);
    store.record_run(&acme, &ran, 20).await.expect("recorded");
    grows_with(210_000, RECORD).await;
    let saved = prompt(&"p".repeat(10_000));
    store.record_run(&acme, &saved, 20).await.expect("recorded");
    grows_with(10_000, RECORD).await;
    let secret = |tenant: &mut Tenant| {
        let name = EnvName::parse("TOKEN").expect("a good name");
        tenant.secrets.insert(name, Sealed::from_bytes(vec![1; 30_000]));
    };
    store.update_tenant(&acme.id(), &secret).await.expect("changed");
    grows_with(30_000, RECORD).await;
    let variable = |tenant: &mut Tenant| {
        tenant.env.insert(EnvName::parse("WHO").expect("a good name"), "v".repeat(20_000));
    };
    store.update_tenant(&acme.id(), &variable).await.expect("changed");
    grows_with(20_000, RECORD).await;
    assert_eq!(stored(&globex).await, others);

    let all = stored(&acme).await;
    store.delete_run(&acme, &ran.id).await.expect("deleted");
    store.delete_run(&acme, &saved.id).await.expect("deleted");
    assert!(stored(&acme).await <= all - 80_000);
    store.clear_runs(&acme).await.expect("cleared");
    for made in ["hello", "again"] {
        store.delete_function(&acme, &name(made)).await.expect("deleted");
    }
    let left = stored(&acme).await;
    assert!((50_000..70_000).contains(&left), "{left}");
    store.delete_tenant(&acme.id()).await.expect("deleted");
    assert_eq!((stored(&acme).await, stored(&globex).await), (0, others));
}
