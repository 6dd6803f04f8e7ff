//! Where the time of a run goes, in process: `ISOLET_TESTS_MEASURE=1 cargo run --release --example phases`. No HTTP; ratios to peers are `bench/`'s work.

#![allow(clippy::print_stdout, reason = "a measurement is printed")]

use std::time::{Duration, Instant};

use isolet_domain::access::TenantScope;
use isolet_domain::execute::{GuestExecutor as _, PrepareOptions};
use isolet_domain::limits::Limits;
use isolet_tests::guest::{executor, get, modules, run_prepared};

fn faults() -> i64 {
    // SAFETY: fills a structure on this stack.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage.ru_minflt
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let executor = executor();
    let options = PrepareOptions { limits: Limits { overlay_segments: 100_000, ..Limits::DEFAULT }, fresh: true };
    let sized = |kb: usize| {
        let mut text = String::from("export default { fetch(r) { return new Response('x' + f0(r.url)) } };\n");
        let mut index = 0;
        while text.len() < kb << 10 {
            text += &format!(
                "function f{index}(a){{ const o={{a, b:[1,2,3,{index}], s:'str{index}'}}; return o.s+a+o.b.map(x=>x*2).join(','); }}\n"
            );
            index += 1;
        }
        text
    };
    for (name, text) in [
        (
            "hello",
            "export default { fetch(r) { return new Response('hello ' + new URL(r.url).searchParams.get('q')) } }"
                .to_owned(),
        ),
        ("text", "export default { fetch(r) { return new Response('hello') } }".to_owned()),
        ("10 KB", sized(10)),
        ("100 KB", sized(100)),
        ("hello.ts", "export default { fetch(r: Request): Response { return new Response('hello') } }".to_owned()),
        ("100 KB.ts", sized(100).replace("(a){", "(a: string): string {")),
    ] {
        let mut best = Duration::MAX;
        let mut report = None;
        for round in 0..20 {
            let main = if name.ends_with(".ts") { "main.ts" } else { "main.js" };
            let code = modules(&[(main, &format!("{text}\nconst round = {round};"))]);
            let began = Instant::now();
            let prepared = executor.prepare(&TenantScope::local(), &code, options).await.expect("builds");
            let ran = run_prepared(&prepared, get("/?q=1")).await;
            assert_eq!(ran.status(), Some(200));
            if began.elapsed() < best {
                best = began.elapsed();
                report = Some(prepared);
            }
        }
        let prepared = report.expect("ran");
        println!("{name}: cold {best:?} {:?}", prepared.build);
        for _ in 0..200 {
            run_prepared(&prepared, get("/?q=1")).await;
        }
        let rounds = 3_000;
        let (began, before) = (Instant::now(), faults());
        let (mut instantiate, mut cpu) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..rounds {
            let ran = run_prepared(&prepared, get("/?q=1")).await;
            instantiate += ran.report.timing.instantiate;
            cpu += ran.report.usage.cpu;
        }
        println!(
            "{name}: warm {:?} instantiate {:?} cpu {:?} faults {:.1}",
            began.elapsed() / rounds,
            instantiate / rounds,
            cpu / rounds,
            (faults() - before) as f64 / f64::from(rounds)
        );
    }
}
