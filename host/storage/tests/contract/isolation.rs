//! Another tenant's scope sees nothing and changes nothing, whatever names and ids it knows.

use isolet_domain::repository::WriteError;

use crate::samples::{function, key, name, prompt, run, version};
use crate::stores::Store;

crate::contract!(another_tenants_scope_reaches_nothing);

async fn another_tenants_scope_reaches_nothing(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let hello = function("hello");
    store.create_function(&acme, &hello).await.expect("created");
    let (first, _) = store.add_version(&acme, &hello.name, version("x")).await.expect("added");
    let key = key(Some(acme.id()), "secret");
    store.create_key(&key).await.expect("created");
    let (ran, saved) = (run("run"), prompt("prompt"));
    store.record_run(&acme, &ran, 20).await.expect("recorded");
    store.record_run(&acme, &saved, 20).await.expect("recorded");
    let before = store.function(&acme, &hello.name).await.expect("readable");

    assert_eq!(store.function(&globex, &hello.name).await.expect("readable"), None);
    assert!(store.list_functions(&globex, None, 10).await.expect("readable").items.is_empty());
    assert_eq!(store.version(&globex, &hello.name, &first.id).await.expect("readable"), None);
    assert!(store.list_versions(&globex, &hello.name, None, 10).await.expect("readable").items.is_empty());
    assert!(store.list_keys(&globex).await.expect("readable").is_empty());
    assert!(store.list_runs(&globex, None, 10).await.expect("readable").items.is_empty());
    assert!(store.list_runs(&globex, Some(&saved.id), 10).await.expect("readable").items.is_empty());
    for id in [&ran.id, &saved.id] {
        assert_eq!(store.run(&globex, id).await.expect("readable"), None);
        assert!(matches!(store.star_run(&globex, id, true).await, Err(WriteError::Missing)));
        assert!(matches!(store.delete_run(&globex, id).await, Err(WriteError::Missing)));
    }
    store.clear_runs(&globex).await.expect("cleared");
    assert!(matches!(store.update_function(&globex, &hello.name, &|_| {}).await, Err(WriteError::Missing)));
    assert!(matches!(store.delete_function(&globex, &hello.name).await, Err(WriteError::Missing)));
    assert!(matches!(store.add_version(&globex, &hello.name, version("y")).await, Err(WriteError::Missing)));
    assert!(matches!(store.delete_version(&globex, &hello.name, &first.id).await, Err(WriteError::Missing)));
    assert!(matches!(store.delete_key(&globex, &key.id).await, Err(WriteError::Missing)));
    // Same names and ids in both: each changes its own.
    store.create_function(&globex, &hello).await.expect("created");
    let (theirs, _) = store.add_version(&globex, &name("hello"), version("x")).await.expect("added");
    store.delete_version(&globex, &hello.name, &theirs.id).await.expect("deleted");
    store.record_run(&globex, &run("theirs"), 1).await.expect("recorded");
    store.record_run(&globex, &ran, 1).await.expect("recorded");
    store.delete_function(&globex, &hello.name).await.expect("deleted");
    store.delete_tenant(&globex.id()).await.expect("deleted");

    assert_eq!(store.function(&acme, &hello.name).await.expect("readable"), before);
    assert_eq!(store.version(&acme, &hello.name, &first.id).await.expect("readable"), Some(first));
    assert_eq!(store.list_keys(&acme).await.expect("readable"), [key]);
    assert_eq!(store.list_runs(&acme, None, 10).await.expect("readable").items, [saved, ran]);
}
