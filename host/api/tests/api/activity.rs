//! What several tenants' requests came to, in one answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Request;
use http_body_util::Full;
use isolet_domain::limits::LimitBounds;
use isolet_domain::service::PlatformConfig;
use serde_json::json;

use crate::host::TestHost;

async fn called(host: &TestHost, tenant: &str, function: &str, times: usize) {
    for _ in 0..times {
        let request = Request::get("/").header("host", format!("{function}--{tenant}.localhost"));
        host.ingress(request.body(Full::default()).expect("valid")).await;
    }
}

#[tokio::test]
async fn a_list_of_tenants_is_told_in_one_answer() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.tenant("globex").await;
    host.deploy("acme", "hello", "x").await;
    host.deploy("acme", "bad", "throws!").await;
    called(&host, "acme", "hello", 5).await;
    called(&host, "acme", "bad", 1).await;
    host.app.platform().count_activity().await.expect("sent");
    let told = host.get("/v1/activity?tenants=globex,nobody,acme").await.ok().json();
    assert_eq!(told["step_s"], 3_600);
    // In the order that was asked for, without the one that is not there.
    let (quiet, busy) = (&told["data"][0], &told["data"][1]);
    assert_eq!(
        (&quiet["tenant"], &busy["tenant"], told["data"].as_array().map(Vec::len)),
        (&json!("globex"), &json!("acme"), Some(2))
    );
    let requests: Vec<u64> =
        busy["requests"].as_array().expect("a list").iter().filter_map(|count| count.as_u64()).collect();
    assert_eq!((requests.len(), requests.iter().sum::<u64>()), (24, 6));
    assert_eq!(busy["outcomes"], json!({ "exception": 1, "ok": 5 }));
    assert_eq!(busy["quotas"][0]["name"], "rps");
    assert_eq!(busy["quotas"][0]["limit"], 200.0);
    // Of the busiest minute, and the calls may have met the end of one.
    let used = busy["quotas"][0]["used"].as_f64().expect("a number") * 60.0;
    assert!((3.0..=6.0).contains(&used.round()), "{used}");
    assert_eq!((&quiet["outcomes"], &quiet["quotas"][0]["used"]), (&json!({}), &json!(0.0)));
}

#[tokio::test]
async fn quotas_are_those_that_count() {
    let tight = LimitBounds {
        rate_per_second: Some(7),
        cpu_per_minute: Some(std::time::Duration::from_millis(1_500)),
        egress_bytes_per_minute: Some(1_000),
        ..LimitBounds::default()
    };
    let plans = BTreeMap::from([("tight".to_owned(), tight)]);
    let host = TestHost::with(PlatformConfig { plans: Some(Arc::new(plans)), ..PlatformConfig::ALONE }).await;
    host.post("/v1/tenants", json!({ "slug": "acme", "plan": "tight" })).await.ok();
    let told = host.get("/v1/activity?tenants=acme").await.ok().json();
    let quotas = told["data"][0]["quotas"].as_array().expect("a list");
    let told: Vec<_> =
        quotas.iter().map(|quota| (quota["name"].as_str().expect("a name"), quota["limit"].as_f64())).collect();
    assert_eq!(
        told,
        [("rps", Some(7.0)), ("cpu_ms_per_minute", Some(1_500.0)), ("egress_bytes_per_minute", Some(1_000.0))]
    );
}

#[tokio::test]
async fn a_key_hears_of_what_it_reaches() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.tenant("globex").await;
    let told = host.call(&keys["read-only"], "GET", "/v1/activity?tenants=globex,acme", None).await.ok().json();
    assert_eq!(told["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(told["data"][0]["tenant"], "acme");
    host.call(&keys["invoke-only"], "GET", "/v1/activity?tenants=acme", None).await.problem(403, "forbidden");
    let many = vec!["acme"; 101].join(",");
    for bad in
        ["", "?tenants=", "?tenants=A", "?tenants=acme,,globex", "?tenants=acme&x=1", &format!("?tenants={many}")]
    {
        host.get(&format!("/v1/activity{bad}")).await.problem(400, "malformed_request");
    }
    assert_eq!(host.get(&format!("/v1/activity?tenants={}", &many[5..])).await.status, 200);
}
