//! How a run can end: one table, the same names in headers, logs, metrics, run results and exit codes. Which HTTP status an
//! outcome gets is the business of `api`.

use std::fmt;

macro_rules! outcomes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $exit:literal;)*) => {
        /// How a run ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Outcome { $($(#[$doc])* $variant,)* }

        impl Outcome {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub fn parse(raw: &str) -> Option<Self> {
                match raw { $($name => Some(Self::$variant),)* _ => None }
            }

            /// The command line's exit code. 1 is a usage or connection error and never an outcome.
            pub const fn exit_code(self) -> u8 {
                match self { $(Self::$variant => $exit,)* }
            }
        }
    };
}

outcomes! {
    /// The guest answered, whatever its status.
    Ok = "ok", 0;
    /// An uncaught exception or rejection before the response head.
    Exception = "exception", 10;
    /// Nothing was pending and there was no answer.
    NoResponse = "no_response", 11;
    /// The CPU budget was used up.
    CpuLimit = "cpu_limit", 12;
    /// The wall-clock budget was used up.
    WallLimit = "wall_limit", 13;
    /// Memory growth was refused and the guest did not cope.
    MemoryLimit = "memory_limit", 14;
    /// Recursion went too deep.
    StackLimit = "stack_limit", 15;
    /// Response body, header count or header size over the limit, or a response that is not valid HTTP.
    OutputLimit = "output_limit", 16;
    /// More outgoing requests than allowed.
    SubrequestLimit = "subrequest_limit", 17;
    /// An outgoing request that no rule allows, and the guest let the error escape.
    EgressDenied = "egress_denied", 18;
    /// The client went away.
    ClientDisconnected = "client_disconnected", 19;
    /// Module top level threw, or left nothing to call.
    StartupFailed = "startup_failed", 20;
    /// Module top level used up its budget.
    StartupLimit = "startup_limit", 21;
    /// The code does not compile.
    BuildFailed = "build_failed", 22;
    /// Compiling the code took too much CPU time or memory.
    BuildLimit = "build_limit", 23;
    /// The tenant or function is suspended.
    Suspended = "suspended", 30;
    /// Too many requests in the window.
    RateLimited = "rate_limited", 31;
    /// A budget of the tenant is used up.
    QuotaExceeded = "quota_exceeded", 34;
    /// Too much in flight.
    Overloaded = "overloaded", 32;
    /// No such tenant, function or version.
    NotFound = "not_found", 33;
    /// Our fault.
    Internal = "internal", 70;
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page of the command line has a row for each, and none that is none's.
    #[test]
    fn the_exit_codes_are_documented() {
        let page = include_str!("../../docs/command-line.md");
        let row = |line: &str| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let code: u8 = cells.next()?.parse().ok()?;
            Some((code, cells.next()?.trim_matches('`').to_owned()))
        };
        let documented: Vec<_> = page.lines().filter_map(row).filter(|(_, name)| name != "–").collect();
        let mut expected: Vec<_> =
            Outcome::ALL.iter().map(|outcome| (outcome.exit_code(), outcome.as_str().to_owned())).collect();
        expected.sort();
        assert_eq!(documented, expected);
    }

    #[test]
    fn names_parse_back_and_exit_codes_differ() {
        let mut codes = std::collections::HashSet::new();
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(*outcome));
            assert!(codes.insert(outcome.exit_code()), "{outcome}");
        }
    }
}
