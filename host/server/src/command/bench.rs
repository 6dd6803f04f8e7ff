//! `isolet bench`: requests to a function, so many at a time, for so long; and how it answered. What was under way at the end does not count.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::{Args, ValueEnum};
use http::{Method, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use isolet_domain::ids::FunctionName;
use isolet_domain::outcome::Outcome;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::remote::{HostArguments, Remote, text};

/// The longest that is measured: every answer's time is kept.
const MAX_DURATION: Duration = Duration::from_secs(3_600);
const MAX_CONNECTIONS: usize = 1_000;
/// How long whoever could not send, or was not let in, waits before the next attempt: refusals cost next to nothing, and would be most of
/// what is counted.
const NOT_LET_IN: Duration = Duration::from_millis(50);
/// How a request ends that is not let in.
const REFUSALS: [Outcome; 4] = [Outcome::RateLimited, Outcome::QuotaExceeded, Outcome::Overloaded, Outcome::Suspended];
/// Kinds of errors that are told apart.
const MAX_KINDS: usize = 10;

#[derive(Args)]
pub struct BenchArguments {
    /// The function.
    function: String,
    /// How long: a number with ms, s or m.
    #[arg(long, short, default_value = "10s", value_parser = duration)]
    duration: Duration,
    /// Requests at a time, each on a connection of its own.
    #[arg(long, short, default_value_t = 8)]
    connections: usize,
    /// The path and query that are asked for.
    #[arg(long, default_value = "/")]
    path: String,
    /// Where requests are sent: to the function's own address, or to the API, which takes a key. Without it, to the first that can be reached.
    #[arg(long)]
    through: Option<Through>,
    #[command(flatten)]
    host: HostArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Through {
    Ingress,
    Api,
}

impl Through {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Api => "api",
        }
    }
}

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Aim {
    /// An address, and the name that the function has there.
    Ingress {
        uri: Uri,
        host: String,
    },
    Api {
        path: String,
    },
}

impl Aim {
    async fn send(&self, remote: &Remote) -> Result<http::Response<Incoming>> {
        match self {
            Self::Ingress { uri, host } => remote.visit(uri.clone(), host).await,
            Self::Api { path } => remote.open(path, &[]).await,
        }
    }

    const fn through(&self) -> Through {
        match self {
            Self::Ingress { .. } => Through::Ingress,
            Self::Api { .. } => Through::Api,
        }
    }
}

pub async fn bench(arguments: BenchArguments) -> Result<u8> {
    let BenchArguments { function, duration, connections, path, through, host } = arguments;
    ensure!((1..=MAX_CONNECTIONS).contains(&connections), "`--connections` must be 1 to {MAX_CONNECTIONS}");
    ensure!(path.starts_with('/'), "`--path` must begin with `/`");
    let function = FunctionName::parse(&function).map_err(|error| anyhow!("`{function}`: it {error}"))?;
    let remote = Remote::of(&host)?;
    let at = remote.path(&format!("/functions/{function}"));
    let known = remote.call(Method::GET, &at, None).await?;
    let aim = aim(&remote, text(&known, "url"), (&at, &path), through).await?;
    let (stop, stopped) = watch::channel(false);
    let began = Instant::now();
    let mut senders = JoinSet::new();
    let remote = std::sync::Arc::new(remote);
    for _ in 0..connections {
        senders.spawn(send(remote.clone(), aim.clone(), stopped.clone()));
    }
    tokio::select! {
        () = tokio::time::sleep(duration) => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    let took = began.elapsed();
    let _ = stop.send(true);
    let mut all = Sample::default();
    while let Some(sent) = senders.join_next().await {
        all.add(sent.context("a connection's own task failed")?);
    }
    let told = told(all, took, (&function, &aim, connections));
    remote.show(&told, words);
    // Whether they were good answers or not: it was measured.
    Ok(u8::from(told["requests"] == 0))
}

/// The function's own address where it can be reached, else the API's.
async fn aim(remote: &Remote, url: &str, (at, path): (&str, &str), through: Option<Through>) -> Result<Aim> {
    let api = Aim::Api { path: format!("{at}/invoke{path}") };
    if through == Some(Through::Api) {
        return Ok(api);
    }
    let ingress = own_address(url, path)?;
    // Something else may listen there.
    let reached = match ingress.send(remote).await {
        Ok(answer) if answer.headers().contains_key("isolet-request-id") => Ok(ingress),
        Ok(_) => Err(anyhow!("what answers at {url} is not isolet")),
        Err(error) => Err(error),
    };
    match (reached, through) {
        (Err(error), Some(Through::Ingress)) => Err(error),
        (Err(_), _) => Ok(api),
        (Ok(ingress), _) => Ok(ingress),
    }
}

/// Names below `localhost` are this machine (RFC 6761 §6.3), whether or not it can look them up.
fn own_address(url: &str, path: &str) -> Result<Aim> {
    let unlike = || format!("`{url}` is no address of a function");
    let uri: Uri = url.parse().with_context(unlike)?;
    let authority = uri.authority().with_context(unlike)?.as_str().to_owned();
    let name = uri.host().unwrap_or_default();
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    let scheme = uri.scheme_str().unwrap_or("http");
    // Its certificate is for the name.
    let to =
        if name.ends_with(".localhost") && scheme == "http" { format!("127.0.0.1{port}") } else { authority.clone() };
    let uri = format!("{scheme}://{to}{path}").parse().context("`--path` is not one that can be asked for")?;
    Ok(Aim::Ingress { uri, host: authority })
}

/// One request after the other, until it is stopped.
async fn send(remote: std::sync::Arc<Remote>, aim: Aim, mut stopped: watch::Receiver<bool>) -> Sample {
    let mut sample = Sample::default();
    loop {
        let began = Instant::now();
        let answered = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return sample,
            answered = answer(&remote, &aim) => answered,
        };
        let let_in = match answered {
            Ok((outcome, status)) => {
                let let_in = !REFUSALS.iter().any(|refusal| refusal.as_str() == outcome);
                if outcome == Outcome::Ok.as_str() {
                    sample.times.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
                }
                *sample.outcomes.entry(outcome).or_default() += 1;
                *sample.statuses.entry(status).or_default() += 1;
                let_in
            }
            Err(error) => {
                sample.failed(format!("{error:#}"), 1);
                false
            }
        };
        if !let_in {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return sample,
                () = tokio::time::sleep(NOT_LET_IN) => {}
            }
        }
    }
}

/// The outcome and the status, when the last byte is here.
async fn answer(remote: &Remote, aim: &Aim) -> Result<(String, u16)> {
    let response = aim.send(remote).await?;
    let status = response.status().as_u16();
    let outcome = response.headers().get("isolet-outcome").and_then(|outcome| outcome.to_str().ok());
    // A guest's own answer.
    let outcome = outcome.unwrap_or("ok").to_owned();
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        frame.context("the answer broke off")?;
    }
    Ok((outcome, status))
}

/// What one connection saw, or all of them.
#[derive(Default)]
struct Sample {
    /// What the function's own answers took, in microseconds.
    times: Vec<u32>,
    outcomes: BTreeMap<String, u64>,
    statuses: BTreeMap<u16, u64>,
    errors: BTreeMap<String, u64>,
}

impl Sample {
    fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        for (error, count) in other.errors {
            self.failed(error, count);
        }
    }

    fn failed(&mut self, error: String, count: u64) {
        let known = self.errors.contains_key(&error) || self.errors.len() < MAX_KINDS;
        *self.errors.entry(if known { error } else { "others".to_owned() }).or_default() += count;
    }
}

/// The measurement as JSON; `words` tells it to people.
fn told(mut sample: Sample, took: Duration, (function, aim, connections): (&FunctionName, &Aim, usize)) -> Value {
    sample.times.sort_unstable();
    let per_second = |count: u64| (count as f64 / took.as_secs_f64().max(f64::EPSILON) * 10.0).round() / 10.0;
    let ms = |per_cent: usize| percentile(&sample.times, per_cent).map(|us| f64::from(us) / 1_000.0);
    let ok = sample.outcomes.get(Outcome::Ok.as_str()).copied().unwrap_or(0);
    let all: u64 = sample.outcomes.values().sum();
    json!({
        "function": function.as_str(),
        "through": aim.through().as_str(),
        "connections": connections,
        "duration_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "requests": all,
        "requests_per_second": per_second(all),
        "ok_per_second": per_second(ok),
        "latency_ms": { "p50": ms(50), "p95": ms(95), "p99": ms(99), "max": ms(100) },
        "outcomes": sample.outcomes,
        "statuses": sample.statuses.into_iter().map(|(status, count)| (status.to_string(), count)).collect::<BTreeMap<_, _>>(),
        "errors": sample.errors,
    })
}

/// The least that so many per cent are no greater than (nearest rank).
fn percentile(sorted: &[u32], per_cent: usize) -> Option<u32> {
    sorted.get((sorted.len() * per_cent).div_ceil(100).checked_sub(1)?).copied()
}

fn words(told: &Value) -> String {
    let counts = |name: &str| {
        let all = told[name].as_object().into_iter().flatten().map(|(what, count)| format!("{what} {count}"));
        Some(all.collect::<Vec<_>>().join(", ")).filter(|all| !all.is_empty()).unwrap_or_else(|| "none".to_owned())
    };
    let time = |name: &str| told["latency_ms"][name].as_f64().map_or_else(|| "–".to_owned(), |ms| format!("{ms:.2}"));
    format!(
        "{} through the {}, {} at a time, {:.1} s\n\
         requests    {}, {}/s, of them ok {}/s\n\
         latency ms  p50 {}  p95 {}  p99 {}  max {}\n\
         outcomes    {}\n\
         statuses    {}\n\
         errors      {}",
        text(told, "function"),
        if told["through"] == "api" { "API" } else { "ingress" },
        told["connections"],
        told["duration_ms"].as_f64().unwrap_or_default() / 1_000.0,
        told["requests"],
        told["requests_per_second"],
        told["ok_per_second"],
        time("p50"),
        time("p95"),
        time("p99"),
        time("max"),
        counts("outcomes"),
        counts("statuses"),
        counts("errors"),
    )
}

/// A number with its unit.
fn duration(text: &str) -> Result<Duration> {
    let wrong = || anyhow!("give a number with ms, s or m, of at most {} minutes", MAX_DURATION.as_secs() / 60);
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let ms = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let found = ms.and_then(|ms| number.checked_mul(ms)).map(Duration::from_millis);
    found.filter(|found| !found.is_zero() && *found <= MAX_DURATION).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(duration("10s").expect("read"), Duration::from_secs(10));
        assert_eq!(duration("250ms").expect("read"), Duration::from_millis(250));
        assert_eq!(duration("60m").expect("read"), MAX_DURATION);
        for bad in
            ["", "10", "s", "0s", "1h", "61m", "-1s", "1.5s", "10 s", "99999999999999999999s", "9999999999999999m"]
        {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_told_by_the_nearest_rank() {
        let times: Vec<u32> = (1..=200).collect();
        assert_eq!([50, 95, 99, 100].map(|per_cent| percentile(&times, per_cent)), [100, 190, 198, 200].map(Some));
        assert_eq!([50, 99, 100].map(|per_cent| percentile(&[7], per_cent)), [Some(7); 3]);
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn a_name_below_localhost_is_this_machine() {
        let aim = |url: &str| own_address(url, "/a?b=c").ok().map(|aim| format!("{aim:?}"));
        let shown = |uri: &str, host: &str| Some(format!("Ingress {{ uri: {uri}, host: {host:?} }}"));
        assert_eq!(
            aim("http://hello--demo.localhost:8080/"),
            shown("http://127.0.0.1:8080/a?b=c", "hello--demo.localhost:8080")
        );
        let name = "hello--demo.fn.example";
        assert_eq!(aim(&format!("https://{name}/")), shown(&format!("https://{name}/a?b=c"), name));
        assert_eq!(aim(""), None);
        assert_eq!(aim("/x"), None);
    }

    #[test]
    fn what_the_connections_saw_adds_up() {
        let of = |times: &[u32], outcome: &str| {
            let own = if outcome == "ok" { times } else { &[] };
            let mut sample = Sample { times: own.to_vec(), ..Sample::default() };
            sample.outcomes.insert(outcome.to_owned(), times.len() as u64);
            sample.statuses.insert(200, times.len() as u64);
            sample
        };
        let mut all = of(&[3_000, 1_000], "ok");
        all.add(of(&[2_000], "rate_limited"));
        (0..20).for_each(|number| all.failed(format!("error {number}"), 2));
        let function = FunctionName::parse("shop").expect("a name");
        let aim = Aim::Api { path: "/x".to_owned() };
        let told = told(all, Duration::from_secs(2), (&function, &aim, 4));
        assert_eq!(
            (&told["requests"], &told["requests_per_second"], &told["ok_per_second"]),
            (&json!(3), &json!(1.5), &json!(1.0))
        );
        assert_eq!(told["latency_ms"], json!({ "p50": 1.0, "p95": 3.0, "p99": 3.0, "max": 3.0 }));
        assert_eq!(told["outcomes"], json!({ "ok": 2, "rate_limited": 1 }));
        assert_eq!(told["errors"].as_object().map(serde_json::Map::len), Some(MAX_KINDS + 1));
        assert_eq!(told["errors"]["others"], 20);
        let words = words(&told);
        assert!(
            words.starts_with("shop through the API, 4 at a time, 2.0 s\nrequests    3, 1.5/s, of them ok 1.0/s\n"),
            "{words}"
        );
        assert!(words.contains("p50 1.00  p95 3.00") && words.contains("ok 2, rate_limited 1"), "{words}");
    }
}
