//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers), structured fields (RFC 9651). A draft: nothing outside
//! this file knows how they are spelled.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use isolet_domain::service::admission::Standing;
use isolet_domain::service::budgets::{PERIOD, Spent};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// What a rate is for: a tenant has one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    Invoke,
    Check,
}

impl Rate {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Check => "check",
        }
    }
}

/// Says how the tenant stands with this rate.
pub fn tell(headers: &mut HeaderMap, rate: Rate, standing: Standing) {
    let Standing { per_second, left, full_after } = standing;
    write(headers, (rate.as_str(), u64::from(per_second), Duration::from_secs(1)), u64::from(left), full_after);
}

/// A quota of which nothing is left.
pub struct Exceeded {
    name: &'static str,
    quota: u64,
    window: Duration,
    until: Duration,
}

impl Exceeded {
    pub fn rate(rate: Rate, per_second: u32, until: Duration) -> Self {
        Self { name: rate.as_str(), quota: u64::from(per_second), window: Duration::from_secs(1), until }
    }

    pub fn budget(spent: Spent) -> Self {
        Self { name: spent.budget.as_str(), quota: spent.quota, window: PERIOD, until: spent.retry_after }
    }

    pub fn tell(&self, headers: &mut HeaderMap) {
        write(headers, (self.name, self.quota, self.window), 0, self.until);
    }
}

fn write(headers: &mut HeaderMap, (name, quota, window): (&str, u64, Duration), left: u64, until: Duration) {
    let policy = format!("\"{name}\";q={quota};w={}", window.as_secs());
    let limit = format!("\"{name}\";r={left};t={}", seconds(until));
    for (field, value) in [(POLICY, policy), (LIMIT, limit)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(field, value);
        }
    }
}

/// Rounded up: nobody is told to come too early.
fn seconds(time: Duration) -> u64 {
    time.as_nanos().div_ceil(1_000_000_000).try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_structured() {
        let mut headers = HeaderMap::new();
        let standing = Standing { per_second: 200, left: 199, full_after: Duration::from_millis(5) };
        tell(&mut headers, Rate::Invoke, standing);
        assert_eq!(headers["ratelimit-policy"], "\"invoke\";q=200;w=1");
        assert_eq!(headers["ratelimit"], "\"invoke\";r=199;t=1");
    }
}
