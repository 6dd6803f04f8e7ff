//! Contents: named by their digest, whole or not there.

use bytes::Bytes;
use isolet_domain::ids::Digest;

use crate::stores::Store;

crate::contract!(contents_are_named_by_their_digest, the_largest_code_fits, many_puts_of_one_content_agree);

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
