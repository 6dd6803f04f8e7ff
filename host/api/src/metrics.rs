//! The metrics page, in Prometheus' text format. Labels are outcomes and classes, never names: its size does not depend on how
//! many tenants there are.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use isolet_domain::service::counters::ByOutcome;
use isolet_domain::service::histogram::{BOUNDS_US, Histogram};

use crate::state::AppState;

/// Everything, as of now.
pub fn render(app: &AppState) -> String {
    let counters = &app.platform().counters;
    let mut page = Page::default();
    page.by_outcome("isolet_invocations_total", "Invocations through the ingress and the API.", &counters.invocations);
    page.by_outcome("isolet_runs_total", "Runs asked for through the runs resource.", &counters.runs);
    page.by_outcome("isolet_builds_total", "Builds of tenants' code.", &counters.builds);
    page.head("isolet_code_lookups_total", "counter", "Whether an execution found its code ready.");
    page.line("isolet_code_lookups_total{result=\"ready\"}", counters.warm.load(Ordering::Relaxed));
    page.line("isolet_code_lookups_total{result=\"built\"}", counters.cold.load(Ordering::Relaxed));
    page.head("isolet_in_flight", "gauge", "Invocations and runs in flight.");
    page.line("isolet_in_flight", counters.in_flight());
    page.head(
        "isolet_log_records_total",
        "counter",
        "Records of tenants' logs that the store has, and those that were left out.",
    );
    page.line("isolet_log_records_total{result=\"stored\"}", counters.log_records.load(Ordering::Relaxed));
    page.line("isolet_log_records_total{result=\"dropped\"}", counters.log_records_dropped.load(Ordering::Relaxed));
    page.head(
        "isolet_log_batches_refused_total",
        "counter",
        "Batches of records that the store did not take when they were sent.",
    );
    page.line("isolet_log_batches_refused_total", counters.log_batches_refused.load(Ordering::Relaxed));
    page.histogram(
        "isolet_duration_seconds",
        "From the arrival of invocations and runs to their end.",
        &counters.durations,
    );
    page.histogram("isolet_queue_wait_seconds", "Waiting of those who found no place at once.", &counters.queue_waits);
    page.head("isolet_series_refused_total", "counter", "Flushes of series and usage that the store did not take.");
    page.line("isolet_series_refused_total", counters.series_refused.load(Ordering::Relaxed));
    page.head("isolet_store_failures_total", "counter", "Requests that failed because the store was not available.");
    page.line("isolet_store_failures_total", app.store_failures());
    if let Some(cached) = &app.config().cached_components {
        page.head("isolet_cached_components", "gauge", "Components kept ready.");
        page.line("isolet_cached_components", cached());
    }
    if let Some(walls) = app.config().walls {
        page.head("isolet_wall_up", "gauge", "Whether a wall around the process stands whole: 1, or 0.");
        for (wall, up) in walls() {
            page.line(&format!("isolet_wall_up{{wall=\"{wall}\"}}"), up.into());
        }
    }
    page.head("isolet_api_answers_total", "counter", "Answers of the control plane by class of status.");
    for (class, count) in app.answers().into_iter().enumerate() {
        page.line(&format!("isolet_api_answers_total{{class=\"{}xx\"}}", class + 1), count);
    }
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}").expect("writing to a string never fails");
    }

    fn line(&mut self, series: &str, value: u64) {
        writeln!(self.0, "{series} {value}").expect("writing to a string never fails");
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, "histogram", help);
        let (up_to, all) = histogram.read();
        for (bound, count) in BOUNDS_US.iter().zip(up_to) {
            self.line(&format!("{name}_bucket{{le=\"{}\"}}", *bound as f64 / 1e6), count);
        }
        self.line(&format!("{name}_bucket{{le=\"+Inf\"}}"), all);
        writeln!(self.0, "{name}_sum {}", histogram.sum().as_secs_f64()).expect("writing to a string never fails");
        self.line(&format!("{name}_count"), all);
    }

    fn by_outcome(&mut self, name: &str, help: &str, counts: &ByOutcome) {
        self.head(name, "counter", help);
        for (outcome, count) in counts.read() {
            self.line(&format!("{name}{{outcome=\"{outcome}\"}}"), count);
        }
    }
}
