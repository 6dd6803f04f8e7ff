//! What is billed: windows of a quarter of an hour, added up to the windows and groups that are asked for. Rows are made of one tenant
//! at a time; what they are made of is in `series`.

use std::collections::BTreeMap;

use crate::series::{Step, Tallies, Tally};
use crate::tenant::Tenant;

/// The windows of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    Quarter,
    Hour,
    Day,
}

impl Granularity {
    pub const ALL: [Self; 3] = [Self::Quarter, Self::Hour, Self::Day];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quarter => "15m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    pub fn parse(raw: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|granularity| granularity.as_str() == raw)
    }

    pub const fn seconds(self) -> i64 {
        match self {
            Self::Quarter => Step::Quarter.seconds(),
            Self::Hour => 3_600,
            Self::Day => 24 * 3_600,
        }
    }

    /// The start of the window (days are UTC's) that this second lies in.
    pub const fn window(self, second: i64) -> i64 {
        second - second.rem_euclid(self.seconds())
    }
}

/// What has rows of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    Tenant,
    Function,
    /// What the label says now, whatever it said then.
    Label(String),
}

impl Group {
    pub fn parse(raw: &str) -> Option<Self> {
        match raw {
            "tenant" => Some(Self::Tenant),
            "function" => Some(Self::Function),
            other => {
                other.strip_prefix("label.").filter(|name| !name.is_empty()).map(|name| Self::Label(name.to_owned()))
            }
        }
    }
}

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageQuery {
    /// Whole windows, in seconds since 1970.
    pub between: (i64, i64),
    pub granularity: Granularity,
    pub groups: Vec<Group>,
}

/// A row's name: where its window starts, and the value of each group. `None` is code that came with a run, or a tenant without
/// the label.
pub type RowKey = (i64, Vec<Option<String>>);

impl UsageQuery {
    /// Whether rows of different tenants are never the same one.
    pub fn is_by_tenant(&self) -> bool {
        self.groups.contains(&Group::Tenant)
    }

    /// Adds a tenant's windows to the rows.
    pub fn add(&self, rows: &mut BTreeMap<RowKey, Tally>, tenant: &Tenant, windows: BTreeMap<i64, Tallies>) {
        for (start, tallies) in windows {
            let window = self.granularity.window(start);
            for (function, tally) in tallies {
                let value = |group: &Group| match group {
                    Group::Tenant => Some(tenant.slug.to_string()),
                    Group::Function => function.as_ref().map(ToString::to_string),
                    Group::Label(name) => tenant.labels.get(name).cloned(),
                };
                let key = (window, self.groups.iter().map(value).collect());
                rows.entry(key).or_default().merge(&tally);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::ids::{FunctionName, TenantSlug};

    fn windows() -> BTreeMap<i64, Tallies> {
        let of = |requests| Tally { requests, ..Tally::default() };
        let hello = FunctionName::parse("hello").ok();
        let start = 20 * 24 * 3_600;
        BTreeMap::from([
            (start, Tallies::from([(hello.clone(), of(1)), (None, of(2))])),
            (start + 900, Tallies::from([(hello.clone(), of(4))])),
            (start + 3_600, Tallies::from([(hello.clone(), of(8))])),
            (start + 24 * 3_600, Tallies::from([(hello, of(16))])),
        ])
    }

    fn counted(granularity: Granularity, groups: &[&str]) -> Vec<(Vec<Option<String>>, u64)> {
        let mut rows = BTreeMap::new();
        let groups = groups.iter().map(|group| Group::parse(group).expect("a group")).collect();
        let query = UsageQuery { between: (0, i64::MAX), granularity, groups };
        for (slug, plan) in [("acme", Some("gold")), ("globex", Some("gold")), ("initech", None)] {
            let mut tenant = Tenant::new(TenantSlug::parse(slug).expect("valid"), Timestamp::UNIX_EPOCH);
            tenant.labels.extend(plan.map(|plan| ("plan".to_owned(), plan.to_owned())));
            query.add(&mut rows, &tenant, windows());
        }
        rows.into_iter().map(|((_, key), tally)| (key, tally.requests)).collect()
    }

    #[test]
    fn windows_and_groups_add_up_whatever_they_are() {
        for granularity in Granularity::ALL {
            for groups in [&[][..], &["tenant"], &["tenant", "function"], &["label.plan"], &["label.none"]] {
                let all: u64 = counted(granularity, groups).iter().map(|(_, requests)| requests).sum();
                assert_eq!(all, 3 * 31, "{granularity:?} {groups:?}");
            }
        }
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            counted(Granularity::Day, &["label.plan"]),
            [(vec![None], 15), (vec![some("gold")], 30), (vec![None], 16), (vec![some("gold")], 32)]
        );
        let by_function = counted(Granularity::Quarter, &["tenant", "function"]);
        assert_eq!(by_function[0], (vec![some("acme"), None], 2));
        assert_eq!(by_function[1], (vec![some("acme"), some("hello")], 1));
        assert_eq!(
            counted(Granularity::Hour, &[]).iter().map(|(_, requests)| *requests).collect::<Vec<_>>(),
            [21, 24, 48]
        );
    }

    #[test]
    fn groups_have_names() {
        assert_eq!(Group::parse("label.a.b"), Some(Group::Label("a.b".to_owned())));
        for bad in ["", "label.", "label", "tenants"] {
            assert_eq!(Group::parse(bad), None, "{bad}");
        }
    }
}
