//! Guests by the thousand, eight at a time, whose calls come from seeds; what they may not do to the host is judged after all of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use isolet_domain::execute::Report;
use isolet_domain::outcome::Outcome;

use super::{one, platform};

/// How much the whole process may have grown in the end: what the allocator keeps of many threads' buffers.
const GROWTH_BYTES: u64 = 96 << 20;

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("there is one");
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("the second number");
    pages * 4_096
}

/// How the guests ended, and how much they computed together.
#[derive(Default)]
struct Told {
    outcomes: BTreeMap<&'static str, usize>,
    cpu: Duration,
}

impl Told {
    fn add(&mut self, report: &Report) {
        *self.outcomes.entry(report.outcome.as_str()).or_default() += 1;
        self.cpu += report.usage.cpu;
    }
}

/// Panics anywhere in the process.
static PANICS: AtomicUsize = AtomicUsize::new(0);

async fn storm(seeds: std::ops::Range<u32>) -> Told {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        before(panic);
    }));
    let platform = platform();
    let native = super::driver(&platform);
    let (mut told, mut running) = (Told::default(), tokio::task::JoinSet::new());
    let (mut settled, count) = (0, seeds.end - seeds.start);
    for seed in seeds.clone() {
        let (platform, native) = (platform.clone(), native.clone());
        running.spawn(async move { one(platform, native, seed, &[]).await });
        if running.len() == 8 {
            told.add(&running.join_next().await.expect("one runs").expect("no panic"));
        }
        if seed - seeds.start == count / 4 {
            settled = resident_bytes();
        }
    }
    while let Some(outcome) = running.join_next().await {
        told.add(&outcome.expect("no panic"));
    }
    let now = resident_bytes();
    assert!(now < settled + GROWTH_BYTES, "it grew from {settled} to {now} bytes");
    told
}

fn judge(Told { outcomes, cpu }: &Told) {
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "the host panicked: {outcomes:?}");
    // Whatever it did, it did it itself.
    assert!(!outcomes.contains_key(Outcome::Internal.as_str()), "{outcomes:?}");
    // Some are stopped by a wrong handle at once; most must get far, or nothing is tried.
    let each = *cpu / outcomes.values().sum::<usize>() as u32;
    assert!(each > Duration::from_micros(200), "{each:?}: {outcomes:?}");
}

/// A fuzzer steers by what it writes.
#[tokio::test(flavor = "multi_thread")]
async fn the_tape_says_what_is_called() {
    let platform = platform();
    let native = super::driver(&platform);
    let main = &super::ENGINE[crate::component::main_module(super::ENGINE).expect("a main module")];
    let (imports, _) = super::imports::surface(main);
    let exit = imports.iter().position(|import| import.name == "exit").expect("it is imported");
    let tape = |words: &[usize]| words.iter().flat_map(|word| (*word as u32).to_le_bytes()).collect::<Vec<u8>>();
    // Two handles are put somewhere first; then it is called once in 128 times, with success as what it takes.
    let (calls, does_not) = (tape(&[&[0, 0, exit][..], &[0; 12]].concat()), tape(&[0, 0, exit, 1]));
    let mut others = 0;
    for seed in 1..20 {
        let said = async |tape: &[u8]| {
            let report = one(platform.clone(), native.clone(), seed, tape).await;
            report.error.map(|error| error.message).unwrap_or_default()
        };
        assert_eq!(said(&calls).await, "the guest ended itself", "{seed}");
        others += usize::from(said(&does_not).await != "the guest ended itself");
    }
    assert!(others > 0, "it ends whatever is on the tape");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_of_any_import_harms_the_host() {
    judge(&storm(1..2_000).await);
}

#[ignore = "ten minutes: tests/soak"]
#[tokio::test(flavor = "multi_thread")]
async fn no_call_of_any_import_harms_the_host_for_long() {
    judge(&storm(1..500_000).await);
}
