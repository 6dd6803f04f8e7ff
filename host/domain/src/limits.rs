//! What one invocation and one build may consume. Quotas (per tenant and period) are not here.

use std::time::Duration;

/// What one invocation may consume before the host stops it. Values: the design's table of defaults and maxima.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Thread CPU time inside the guest, measured around each poll.
    pub cpu: Duration,
    /// From admission to the response head, and between one chunk of the response and the next.
    pub wall: Duration,
    /// From admission to the last byte of a response that streams.
    pub streaming_wall: Duration,
    /// Linear memory ceiling. Growth beyond it fails inside the guest.
    pub memory_bytes: u64,
    /// Bytes of request body the guest may be sent.
    pub request_body_bytes: u64,
    /// Bytes of response body the guest may send.
    pub response_body_bytes: u64,
    /// Bytes of console output kept; more is cut with a marker and never fails the run.
    pub log_bytes: u64,
    /// Outgoing requests.
    pub subrequests: u32,
    /// How long `ctx.waitUntil` work may go on after the response.
    pub wait_until: Duration,
    /// CPU of the module's top level, at build time.
    pub startup_cpu: Duration,
    /// CPU of the whole build.
    pub build_cpu: Duration,
    /// Bytes a function may change in the base's memory during start-up.
    pub overlay_bytes: u64,
    /// Runs of changed bytes that start-up may leave behind.
    pub overlay_segments: u32,
}

impl Limits {
    /// What an invocation gets that asks for nothing.
    pub const DEFAULT: Self = Self {
        cpu: Duration::from_millis(50),
        wall: Duration::from_millis(10_000),
        streaming_wall: Duration::from_millis(300_000),
        memory_bytes: 64 << 20,
        request_body_bytes: 10 << 20,
        response_body_bytes: 10 << 20,
        log_bytes: 64 << 10,
        subrequests: 50,
        wait_until: Duration::from_millis(5_000),
        startup_cpu: Duration::from_millis(400),
        build_cpu: Duration::from_millis(5_000),
        overlay_bytes: 16 << 20,
        overlay_segments: 4_096,
    };

    /// What nobody gets more of.
    pub const MAX: Self = Self {
        cpu: Duration::from_millis(300_000),
        wall: Duration::from_millis(900_000),
        streaming_wall: Duration::from_millis(900_000),
        memory_bytes: 256 << 20,
        request_body_bytes: 1 << 30,
        response_body_bytes: 1 << 30,
        log_bytes: 1 << 20,
        subrequests: 1_000,
        wait_until: Duration::from_millis(30_000),
        startup_cpu: Duration::from_millis(1_000),
        build_cpu: Duration::from_millis(30_000),
        overlay_bytes: 64 << 20,
        overlay_segments: 4_096,
    };

    /// The least memory that may be set. The JavaScript engine has 172 pages (10.75 MiB) before any code is in it, so that below this no
    /// request would ever be answered; a component may do with less, and is not the rule.
    pub const MIN_MEMORY_BYTES: u64 = 12 << 20;

    /// The tighter of the two, field by field: a call may ask for less than its plan, never more.
    #[must_use]
    pub fn tightened_by(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.min(other.cpu),
            wall: self.wall.min(other.wall),
            streaming_wall: self.streaming_wall.min(other.streaming_wall),
            memory_bytes: self.memory_bytes.min(other.memory_bytes),
            request_body_bytes: self.request_body_bytes.min(other.request_body_bytes),
            response_body_bytes: self.response_body_bytes.min(other.response_body_bytes),
            log_bytes: self.log_bytes.min(other.log_bytes),
            subrequests: self.subrequests.min(other.subrequests),
            wait_until: self.wait_until.min(other.wait_until),
            startup_cpu: self.startup_cpu.min(other.startup_cpu),
            build_cpu: self.build_cpu.min(other.build_cpu),
            overlay_bytes: self.overlay_bytes.min(other.overlay_bytes),
            overlay_segments: self.overlay_segments.min(other.overlay_segments),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Limits that somebody set; `None` is no word about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitBounds {
    pub cpu: Option<Duration>,
    pub wall: Option<Duration>,
    pub streaming_wall: Option<Duration>,
    pub memory_bytes: Option<u64>,
    pub request_body_bytes: Option<u64>,
    pub response_body_bytes: Option<u64>,
    pub log_bytes: Option<u64>,
    pub subrequests: Option<u32>,
    pub wait_until: Option<Duration>,
    pub startup_cpu: Option<Duration>,
    pub build_cpu: Option<Duration>,
    /// Of the tenant, not of one invocation.
    pub concurrency: Option<u32>,
    pub rate_per_second: Option<u32>,
    pub cpu_per_minute: Option<Duration>,
    pub egress_bytes_per_minute: Option<u64>,
    pub log_bytes_per_minute: Option<u64>,
    pub stored_bytes: Option<u64>,
    /// Of a function: the newest of its versions that stay without an alias that names them.
    pub versions_kept: Option<u32>,
}

impl LimitBounds {
    /// What of these limits is below what nobody gets more of.
    pub fn of(limits: Limits) -> Self {
        fn lower<T: PartialOrd>(held: T, most: T) -> Option<T> {
            (held < most).then_some(held)
        }
        let most = Limits::MAX;
        Self {
            cpu: lower(limits.cpu, most.cpu),
            wall: lower(limits.wall, most.wall),
            streaming_wall: lower(limits.streaming_wall, most.streaming_wall),
            memory_bytes: lower(limits.memory_bytes, most.memory_bytes),
            request_body_bytes: lower(limits.request_body_bytes, most.request_body_bytes),
            response_body_bytes: lower(limits.response_body_bytes, most.response_body_bytes),
            log_bytes: lower(limits.log_bytes, most.log_bytes),
            subrequests: lower(limits.subrequests, most.subrequests),
            wait_until: lower(limits.wait_until, most.wait_until),
            startup_cpu: lower(limits.startup_cpu, most.startup_cpu),
            build_cpu: lower(limits.build_cpu, most.build_cpu),
            ..Self::default()
        }
    }

    /// These, and where they say nothing the others.
    #[must_use]
    pub fn over(&self, base: Limits) -> Limits {
        Limits {
            cpu: self.cpu.unwrap_or(base.cpu),
            wall: self.wall.unwrap_or(base.wall),
            streaming_wall: self.streaming_wall.unwrap_or(base.streaming_wall),
            memory_bytes: self.memory_bytes.unwrap_or(base.memory_bytes),
            request_body_bytes: self.request_body_bytes.unwrap_or(base.request_body_bytes),
            response_body_bytes: self.response_body_bytes.unwrap_or(base.response_body_bytes),
            log_bytes: self.log_bytes.unwrap_or(base.log_bytes),
            subrequests: self.subrequests.unwrap_or(base.subrequests),
            wait_until: self.wait_until.unwrap_or(base.wait_until),
            startup_cpu: self.startup_cpu.unwrap_or(base.startup_cpu),
            build_cpu: self.build_cpu.unwrap_or(base.build_cpu),
            overlay_bytes: base.overlay_bytes,
            overlay_segments: base.overlay_segments,
        }
    }

    /// The lower of both, one by one.
    #[must_use]
    pub fn tighten(&self, limits: Limits) -> Limits {
        limits.tightened_by(self.over(limits))
    }

    fn tighten_budgets(&self, budgets: Budgets) -> Budgets {
        let lower = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
        Budgets {
            cpu: self.cpu_per_minute.into_iter().chain(budgets.cpu).min(),
            egress_bytes: lower(self.egress_bytes_per_minute, budgets.egress_bytes),
            log_bytes: lower(self.log_bytes_per_minute, budgets.log_bytes),
        }
    }

    /// The budgets of a plan, and where it says nothing the others.
    #[must_use]
    pub fn budgets_over(&self, base: Budgets) -> Budgets {
        Budgets {
            cpu: self.cpu_per_minute.or(base.cpu),
            egress_bytes: self.egress_bytes_per_minute.or(base.egress_bytes),
            log_bytes: self.log_bytes_per_minute.or(base.log_bytes),
        }
    }

    /// The same of what the tenant may have going on.
    #[must_use]
    pub fn tighten_admission(&self, admission: Admission) -> Admission {
        let at_most = |bound: Option<u32>, held: u32| bound.map_or(held, |bound| bound.min(held));
        Admission {
            concurrency: at_most(self.concurrency, admission.concurrency),
            rate_per_second: at_most(self.rate_per_second, admission.rate_per_second),
            budgets: self.tighten_budgets(admission.budgets),
            stored_bytes: self.stored_bytes.into_iter().chain(admission.stored_bytes).min(),
            ..admission
        }
    }
}

/// What one tenant may have going on at once, and have stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Invocations in flight.
    pub concurrency: u32,
    /// Invocations in flight of all tenants together.
    pub concurrency_of_all: u32,
    /// Invocations that may wait for a place.
    pub queue: u32,
    /// The longest such wait.
    pub queue_wait: Duration,
    /// Invocations per second, sustained; the same number again may come as a burst.
    pub rate_per_second: u32,
    pub budgets: Budgets,
    /// Sources of versions and runs, and records with their variables and secrets; `None` is no bound.
    pub stored_bytes: Option<u64>,
}

/// What one tenant may use up in a minute; `None` is no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Thread CPU time inside its guests.
    pub cpu: Option<Duration>,
    /// Sent by its guests to the outside.
    pub egress_bytes: Option<u64>,
    /// Of console output that is kept; what is more is cut.
    pub log_bytes: Option<u64>,
}

impl Budgets {
    pub const NONE: Self = Self { cpu: None, egress_bytes: None, log_bytes: None };

    /// Finer than milliseconds, so that small invocations count.
    pub fn cpu_us(&self) -> Option<u64> {
        self.cpu.map(|cpu| u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX))
    }
}

impl Admission {
    pub const DEFAULT: Self = Self {
        concurrency: 32,
        concurrency_of_all: 1_000,
        queue: 64,
        queue_wait: Duration::from_secs(1),
        rate_per_second: 200,
        budgets: Budgets::NONE,
        stored_bytes: Some(1 << 30),
    };
}

/// Characters a prompt may have.
pub const PROMPT_CHARS: std::ops::RangeInclusive<usize> = 1..=16_384;

/// Prompts and runs kept for a tenant, starred ones aside.
pub const HISTORY_KEPT: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_can_lower_a_limit_but_not_raise_it() {
        let asked = Limits { cpu: Duration::from_millis(5), memory_bytes: 1 << 40, ..Limits::MAX };
        let given = Limits::DEFAULT.tightened_by(asked);
        assert_eq!(given.cpu, Duration::from_millis(5));
        assert_eq!(given.memory_bytes, Limits::DEFAULT.memory_bytes);
        assert_eq!(given.wall, Limits::DEFAULT.wall);
    }

    #[test]
    fn bounds_lower_and_a_plan_sets() {
        let bounds = LimitBounds {
            cpu: Some(Duration::from_secs(9)),
            memory_bytes: Some(1 << 20),
            concurrency: Some(5),
            rate_per_second: Some(1_000),
            ..LimitBounds::default()
        };
        let lower = bounds.tighten(Limits::DEFAULT);
        assert_eq!((lower.cpu, lower.memory_bytes), (Limits::DEFAULT.cpu, 1 << 20));
        assert_eq!(Limits { memory_bytes: Limits::DEFAULT.memory_bytes, ..lower }, Limits::DEFAULT);
        assert_eq!(bounds.over(Limits::DEFAULT).cpu, Duration::from_secs(9));
        let admission = bounds.tighten_admission(Admission::DEFAULT);
        assert_eq!((admission.concurrency, admission.rate_per_second), (5, Admission::DEFAULT.rate_per_second));
        assert_eq!(LimitBounds::default().tighten(Limits::MAX), Limits::MAX);
        assert_eq!(LimitBounds::of(Limits::MAX), LimitBounds::default());
        let call = Limits { cpu: Duration::from_millis(5), subrequests: 0, ..Limits::MAX };
        assert_eq!(LimitBounds::of(call).over(Limits::MAX), call);
    }
}
