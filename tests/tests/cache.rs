//! Prepared functions: built once however many ask, kept for their tenant alone, and no more of them than there is room for.

use std::sync::Arc;
use std::time::Duration;

use isolet_domain::access::TenantScope;
use isolet_domain::execute::{BuildError, GuestExecutor as _, PrepareOptions, Prepared};
use isolet_domain::ids::TenantSlug;
use isolet_domain::limits::Limits;
use isolet_domain::tenant::Tenant;
use isolet_runtime::WasmExecutor;
use isolet_runtime::config::RuntimeConfig;
use isolet_tests::guest::{ENGINE_CACHE, code};

const OPTIONS: PrepareOptions = PrepareOptions { limits: Limits::DEFAULT, fresh: false };

fn executor(component_cache_bytes: u64) -> Arc<WasmExecutor> {
    let cache_dir = Some(std::env::temp_dir().join(ENGINE_CACHE));
    let config = RuntimeConfig { cache_dir, max_instances: 8, component_cache_bytes, ..RuntimeConfig::default() };
    Arc::new(
        WasmExecutor::start(&config, &(Arc::new(|_| ()) as isolet_runtime::config::Slow))
            .unwrap_or_else(|error| panic!("{error:?}")),
    )
}

fn tenant(slug: &str) -> TenantScope {
    let slug = TenantSlug::parse(slug).expect("a valid slug");
    TenantScope::of_route(&Tenant::new(slug, std::time::SystemTime::now().try_into().expect("a date")))
}

async fn prepare(executor: &WasmExecutor, tenant: &TenantScope, text: &str) -> Prepared {
    executor.prepare(tenant, &code(text), OPTIONS).await.unwrap_or_else(|error| panic!("{error:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_at_once_get_one_build() {
    let executor = executor(64 << 20);
    let text = "let n = 0; while (n < 1e6) n++; export default { fetch: () => new Response(String(n)) }";
    let asked: Vec<_> = (0..50)
        .map(|_| {
            let executor = executor.clone();
            tokio::spawn(async move { prepare(&executor, &TenantScope::local(), text).await })
        })
        .collect();
    let first = prepare(&executor, &TenantScope::local(), text).await;
    for prepared in asked {
        assert!(Arc::ptr_eq(&first.artifact, &prepared.await.expect("prepared").artifact));
    }
    executor.tidy().await;
    assert_eq!(executor.cached(), 1);
}

#[tokio::test]
async fn a_tenants_functions_are_its_own_even_where_the_code_is_the_same() {
    let executor = executor(64 << 20);
    let text = "export default { fetch: () => new Response('x') }";
    let [one, other] = [tenant("one"), tenant("other")];
    let first = prepare(&executor, &one, text).await;
    assert!(executor.lookup(&one, &first.code_key).await.is_some());
    // Were it shared, how fast it is there would tell a tenant what code another one has.
    assert!(executor.lookup(&other, &first.code_key).await.is_none());
    let second = prepare(&executor, &other, text).await;
    assert!(!second.cached && second.code_key == first.code_key);
    assert!(!Arc::ptr_eq(&first.artifact, &second.artifact));
}

#[tokio::test]
async fn the_least_recently_used_goes_first_when_there_is_no_room() {
    let executor = executor(1 << 20);
    let tenant = TenantScope::local();
    // Some 200 KiB each, so that five have room.
    let text = |index: usize| {
        format!(
            "const kept = new Uint8Array(200 << 10).map((_, place) => place + {index});
             export default {{ fetch: () => new Response(String(kept[7])) }}"
        )
    };
    let first = prepare(&executor, &tenant, &text(0)).await;
    assert!(first.build.overlay_bytes > 200 << 10, "{} bytes", first.build.overlay_bytes);
    let mut keys = vec![first.code_key];
    for index in 1..10 {
        keys.push(prepare(&executor, &tenant, &text(index)).await.code_key);
        executor.tidy().await;
        assert!(executor.lookup(&tenant, &keys[0]).await.is_some(), "the first is in use all the time");
        assert!(executor.cached() <= 5, "{} functions", executor.cached());
    }
    assert!(executor.lookup(&tenant, &keys[9]).await.is_some());
    assert!(executor.lookup(&tenant, &keys[1]).await.is_none());
    let again = prepare(&executor, &tenant, &text(1)).await;
    assert!(!again.cached && again.code_key == keys[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_nobody_waits_for_still_takes_its_tenants_turn() {
    let cache_dir = Some(std::env::temp_dir().join(ENGINE_CACHE));
    let config = RuntimeConfig { cache_dir, max_builds: 2, max_queued_builds: 1, ..RuntimeConfig::default() };
    let executor = Arc::new(
        WasmExecutor::start(&config, &(Arc::new(|_| ()) as isolet_runtime::config::Slow))
            .unwrap_or_else(|error| panic!("{error:?}")),
    );
    let build = |text: &'static str| {
        let executor = executor.clone();
        tokio::spawn(async move { executor.prepare(&TenantScope::local(), &code(text), OPTIONS).await })
    };
    // Runs into its start-up limit, after 400 ms of CPU.
    let abandoned = build("while (true) {}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    abandoned.abort();
    assert!(abandoned.await.is_err(), "it was cut, not finished");
    let waiting = build("export default { fetch: () => new Response('waits') }");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let refused = build("export default { fetch: () => new Response('one too many') }").await.expect("answered");
    assert!(matches!(refused, Err(BuildError::Overloaded { .. })), "the tenant's turn is still taken");
    assert!(waiting.await.expect("answered").is_ok());
}
