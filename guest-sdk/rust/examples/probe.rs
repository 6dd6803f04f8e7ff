//! What tests ask of a component, by path: to answer in each way there is, and to misbehave.

use std::time::Duration;

use futures_lite::stream;
use isolet::{Body, Client, Request, Response};

isolet::handler!(handle);

async fn handle(request: Request) -> isolet::Result<Response> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    Ok(Response::new(match path.as_str() {
        "/echo" => request.into_body(),
        "/env" => isolet::env(&query).unwrap_or_default().into(),
        "/log" => {
            isolet::debug!("d");
            isolet::info!("i \"{query}\"");
            isolet::warn!("w");
            isolet::error!("e");
            "logged".into()
        }
        "/ticks" => ticks(),
        "/fetch" => return fetch(&query).await,
        "/error" => return Err(isolet::Error::msg("as asked")),
        "/panic" => panic!("as asked"),
        "/loop" => spin(),
        "/sleep" => {
            isolet::time::Timer::after(Duration::from_secs(60).into()).wait().await;
            "slept".into()
        }
        "/allocate" => allocate(),
        "/recurse" => recurse(0).to_string().into(),
        _ => format!("{} {path}?{query}", request.method()).into(),
    }))
}

/// Three pieces, one after the other.
fn ticks() -> Body {
    Body::from_stream(stream::unfold(0, |tick| async move {
        if tick == 3 {
            return None;
        }
        isolet::time::Timer::after(Duration::from_millis(60).into()).wait().await;
        Some((format!("tick {tick};"), tick + 1))
    }))
}

async fn fetch(address: &str) -> isolet::Result<Response> {
    let request = isolet::http::Request::get(address).body(Body::empty())?;
    let response = Client::new().send(request).await?;
    Ok(Response::new(response.into_body()))
}

fn spin() -> Body {
    let mut turns = 0_u64;
    loop {
        turns = std::hint::black_box(turns + 1);
    }
}

fn allocate() -> Body {
    let mut all = Vec::new();
    loop {
        all.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}

#[expect(unconditional_recursion, reason = "it is to find the end of the stack")]
fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    recurse(depth + 1) + frame[3]
}
