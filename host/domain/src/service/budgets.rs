//! What a tenant may use up in a minute: processor time, bytes sent to the outside, bytes of logs. What is used is paid for when an
//! invocation ends, and an invocation gets no more than was left when it began; so a budget is exceeded by what was in flight at most.
//! Who may come in beside that is decided in `admission`.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::execute::Report;
use crate::limits::{Budgets, Limits};

/// The time that a budget is for. What was used leaks away evenly.
pub const PERIOD: Duration = Duration::from_secs(60);

/// One of the budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    Cpu,
    Egress,
}

impl Budget {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu_ms",
            Self::Egress => "egress_bytes",
        }
    }
}

/// A budget that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    pub budget: Budget,
    /// For the period, in the unit of its name.
    pub quota: u64,
    pub retry_after: Duration,
}

/// One tenant's account.
#[derive(Debug, Default)]
pub struct Account(Mutex<Levels>);

#[derive(Debug, Default)]
struct Levels {
    cpu_us: Level,
    egress_bytes: Level,
    log_bytes: Level,
}

/// A bucket that leaks one quota in a period.
#[derive(Debug, Default)]
struct Level {
    used: u64,
    at: Option<Instant>,
}

impl Level {
    /// Lets out what has leaked since, and says what is left of the quota.
    fn left(&mut self, quota: u64, now: Instant) -> u64 {
        if let Some(at) = self.at {
            let leaked = u128::from(quota) * now.saturating_duration_since(at).as_micros() / PERIOD.as_micros();
            self.used = self.used.saturating_sub(u64::try_from(leaked).unwrap_or(u64::MAX));
        }
        self.at = Some(now);
        quota.saturating_sub(self.used)
    }

    fn add(&mut self, quota: Option<u64>, amount: u64, now: Instant) {
        if let Some(quota) = quota {
            self.left(quota, now);
            self.used = self.used.saturating_add(amount);
        }
    }

    /// Until a hundredth of the quota is free again: coming back for less is not worth it.
    fn wait(&self, quota: u64) -> Duration {
        let over = self.used.saturating_sub(quota) + quota / 100 + 1;
        let micros = u128::from(over) * PERIOD.as_micros() / u128::from(quota.max(1));
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)).min(PERIOD * 60)
    }
}

impl Account {
    fn lock(&self) -> MutexGuard<'_, Levels> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is something left of everything.
    pub fn check(&self, budgets: &Budgets) -> Result<(), Spent> {
        let now = Instant::now();
        let mut levels = self.lock();
        let Levels { cpu_us, egress_bytes, .. } = &mut *levels;
        let quotas = [(Budget::Cpu, cpu_us, budgets.cpu_us()), (Budget::Egress, egress_bytes, budgets.egress_bytes)];
        for (budget, level, quota) in quotas {
            let Some(quota) = quota else { continue };
            if level.left(quota, now) == 0 {
                let retry_after = level.wait(quota);
                let quota = if budget == Budget::Cpu { quota / 1_000 } else { quota };
                return Err(Spent { budget, quota, retry_after });
            }
        }
        Ok(())
    }

    /// The limits of an invocation that begins now: no more than is left.
    pub fn within(&self, budgets: &Budgets, limits: Limits) -> Limits {
        let now = Instant::now();
        let mut levels = self.lock();
        let cpu = budgets.cpu_us().map(|quota| Duration::from_micros(levels.cpu_us.left(quota, now)));
        let log_bytes = budgets.log_bytes.map(|quota| levels.log_bytes.left(quota, now));
        Limits {
            // Enough to say where it was.
            cpu: cpu.map_or(limits.cpu, |left| limits.cpu.min(left.max(Duration::from_millis(1)))),
            log_bytes: log_bytes.map_or(limits.log_bytes, |left| limits.log_bytes.min(left)),
            ..limits
        }
    }

    /// What an invocation used.
    pub fn pay(&self, budgets: &Budgets, report: &Report) {
        let now = Instant::now();
        let logged: usize = report.logs.iter().map(|line| line.message.len()).sum();
        let mut levels = self.lock();
        let cpu = u64::try_from(report.usage.cpu.as_micros()).unwrap_or(u64::MAX);
        levels.cpu_us.add(budgets.cpu_us(), cpu, now);
        levels.egress_bytes.add(budgets.egress_bytes, report.usage.egress_bytes, now);
        levels.log_bytes.add(budgets.log_bytes, logged as u64, now);
    }

    /// Whether forgetting it changes nothing.
    pub fn is_clear(&self) -> bool {
        let levels = self.lock();
        let fresh = |level: &Level| level.used == 0 || level.at.is_none_or(|at| at.elapsed() > PERIOD * 2);
        fresh(&levels.cpu_us) && fresh(&levels.egress_bytes) && fresh(&levels.log_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::{LogLevel, LogLine, Usage};
    use crate::outcome::Outcome;

    fn report(cpu_ms: u64, egress_bytes: u64, log: &str) -> Report {
        let line = LogLine { t_ms: 0, level: LogLevel::Log, message: log.to_owned(), position: None };
        let usage = Usage { cpu: Duration::from_millis(cpu_ms), egress_bytes, ..Usage::default() };
        Report { usage, logs: vec![line], ..Report::of(Outcome::Internal) }
    }

    const BUDGETS: Budgets =
        Budgets { cpu: Some(Duration::from_millis(600)), egress_bytes: Some(6_000), log_bytes: Some(60) };

    #[tokio::test(start_paused = true)]
    async fn what_is_used_up_comes_back_evenly() {
        let account = Account::default();
        assert_eq!(account.check(&BUDGETS), Ok(()));
        account.pay(&BUDGETS, &report(600, 0, ""));
        let spent = account.check(&BUDGETS).expect_err("spent");
        assert_eq!((spent.budget, spent.quota), (Budget::Cpu, 600));
        tokio::time::advance(spent.retry_after).await;
        assert_eq!(account.check(&BUDGETS), Ok(()));
        let left = account.within(&BUDGETS, Limits::DEFAULT).cpu;
        assert!(left >= Duration::from_millis(6) && left < Duration::from_millis(8), "{left:?}");
        tokio::time::advance(PERIOD / 2).await;
        assert_eq!(account.within(&BUDGETS, Limits::MAX).cpu.as_millis(), 306);
        tokio::time::advance(PERIOD).await;
        assert_eq!(account.within(&BUDGETS, Limits::DEFAULT), Limits { log_bytes: 60, ..Limits::DEFAULT });
        account.pay(&BUDGETS, &report(0, 60_000, ""));
        let spent = account.check(&BUDGETS).expect_err("spent");
        assert_eq!((spent.budget, spent.quota), (Budget::Egress, 6_000));
        assert!(spent.retry_after > PERIOD * 9, "ten minutes' worth was sent: {spent:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn logs_are_cut_and_nothing_is_refused_for_them() {
        let account = Account::default();
        account.pay(&BUDGETS, &report(0, 0, &"x".repeat(50)));
        assert_eq!(account.within(&BUDGETS, Limits::DEFAULT).log_bytes, 10);
        account.pay(&BUDGETS, &report(0, 0, &"x".repeat(50)));
        assert_eq!((account.within(&BUDGETS, Limits::DEFAULT).log_bytes, account.check(&BUDGETS)), (0, Ok(())));
        assert!(!account.is_clear());
        tokio::time::advance(PERIOD * 3).await;
        assert!(account.is_clear());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_budget_nothing_is_counted() {
        let account = Account::default();
        account.pay(&Budgets::NONE, &report(u64::MAX / 2_000, u64::MAX, "x"));
        assert_eq!(account.check(&Budgets::NONE), Ok(()));
        assert_eq!(account.within(&Budgets::NONE, Limits::DEFAULT), Limits::DEFAULT);
        assert!(account.is_clear());
    }
}
