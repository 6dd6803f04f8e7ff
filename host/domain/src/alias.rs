//! Aliases: names that traffic is sent to, and how it is split among the versions behind one. Changing them is a use case in
//! `service::aliases`; which version one request gets is decided in `service::resolver`.

use http::HeaderName;
use jiff::Timestamp;

use crate::ids::VersionId;

/// What the weights of a split add up to: a share of 1 is a hundredth of a per cent.
pub const WHOLE: u16 = 10_000;
/// Versions that one split can name.
pub const MAX_SHARES: usize = 16;
/// Aliases that one function can have.
pub const MAX_ALIASES: usize = 32;
/// Earlier splits that are remembered to go back to.
pub const MAX_EARLIER: usize = 20;

/// A version's part of the traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    pub version: VersionId,
    /// 0 is a version that gets no traffic by chance and can be asked for.
    pub weight: u16,
}

/// Why shares are no split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSplit {
    #[error("a split names 1 to {MAX_SHARES} versions")]
    Count,
    #[error("the version `{0}` is named twice")]
    Twice(VersionId),
    #[error("the weights add up to {0}, not {WHOLE}")]
    Sum(u32),
}

/// How traffic is divided: each version once, weights that add up to [`WHOLE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    shares: Vec<Share>,
}

impl Split {
    pub fn new(shares: Vec<Share>) -> Result<Self, InvalidSplit> {
        if shares.is_empty() || shares.len() > MAX_SHARES {
            return Err(InvalidSplit::Count);
        }
        for (at, share) in shares.iter().enumerate() {
            if shares[..at].iter().any(|earlier| earlier.version == share.version) {
                return Err(InvalidSplit::Twice(share.version.clone()));
            }
        }
        match shares.iter().map(|share| u32::from(share.weight)).sum() {
            sum if sum == u32::from(WHOLE) => Ok(Self { shares }),
            sum => Err(InvalidSplit::Sum(sum)),
        }
    }

    /// All traffic to one version.
    pub fn whole(version: VersionId) -> Self {
        Self { shares: vec![Share { version, weight: WHOLE }] }
    }

    pub fn shares(&self) -> &[Share] {
        &self.shares
    }

    pub fn names(&self, version: &VersionId) -> bool {
        self.shares.iter().any(|share| share.version == *version)
    }

    /// Which of the shares lies at this point of 0 to [`WHOLE`] (exclusive). A share that grows keeps every point it had if the one
    /// after it shrinks, so whoever is bound to a point moves only where shares do.
    pub fn at(&self, point: u16) -> usize {
        let mut below = 0;
        for (index, share) in self.shares.iter().enumerate() {
            below += share.weight;
            if point < below {
                return index;
            }
        }
        self.shares.len() - 1
    }

    /// The version that gets most, the first of those that get the same.
    pub fn heaviest(&self) -> &VersionId {
        let by_weight = |one: &&Share, other: &&Share| one.weight.cmp(&other.weight);
        // `max_by` takes the last of equals, hence the other way round.
        &self.shares.iter().rev().max_by(by_weight).expect("a split has a share").version
    }
}

/// What binds a caller to one share of a split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sticky {
    /// Nothing: each request is a draw of its own.
    #[default]
    None,
    /// The value of this field. Requests without it draw.
    Header(HeaderName),
}

/// A name that traffic is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    pub split: Split,
    pub sticky: Sticky,
    pub updated_at: Timestamp,
    /// The splits before this one, the latest last, each another one than its neighbours.
    pub earlier: Vec<Split>,
}

impl Alias {
    pub fn new(split: Split, sticky: Sticky, now: Timestamp) -> Self {
        Self { split, sticky, updated_at: now, earlier: Vec::new() }
    }

    /// From now on traffic is divided like this. What was before is remembered.
    pub fn point_at(&mut self, split: Split, now: Timestamp) {
        self.updated_at = now;
        if split == self.split {
            return;
        }
        self.earlier.push(std::mem::replace(&mut self.split, split));
        let surplus = self.earlier.len().saturating_sub(MAX_EARLIER);
        self.earlier.drain(..surplus);
    }

    /// Forgets every earlier split that names this version.
    pub fn forget(&mut self, version: &VersionId) {
        self.earlier.retain(|split| !split.names(version));
        // Each is still another one than its neighbours.
        self.earlier.dedup();
        if self.earlier.last() == Some(&self.split) {
            self.earlier.pop();
        }
    }

    /// Back to the split before this one; again, and it is the one before that. Says whether there was one.
    pub fn roll_back(&mut self, now: Timestamp) -> bool {
        let Some(split) = self.earlier.pop() else { return false };
        self.split = split;
        self.updated_at = now;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Digest;

    fn version(name: &str) -> VersionId {
        VersionId::of(&Digest::of(name.as_bytes()))
    }

    fn split(shares: &[(&str, u16)]) -> Result<Split, InvalidSplit> {
        Split::new(shares.iter().map(|(name, weight)| Share { version: version(name), weight: *weight }).collect())
    }

    #[test]
    fn a_split_is_whole_and_names_nothing_twice() {
        assert!(split(&[("a", 10_000)]).is_ok());
        assert!(split(&[("a", 10_000), ("b", 0), ("c", 0)]).is_ok());
        assert_eq!(split(&[]), Err(InvalidSplit::Count));
        assert_eq!(split(&[("a", 9_999)]), Err(InvalidSplit::Sum(9_999)));
        assert_eq!(split(&[("a", 10_000), ("b", 1)]), Err(InvalidSplit::Sum(10_001)));
        assert_eq!(split(&[("a", u16::MAX), ("b", u16::MAX)]), Err(InvalidSplit::Sum(131_070)));
        assert_eq!(split(&[("a", 5_000), ("a", 5_000)]), Err(InvalidSplit::Twice(version("a"))));
        let many: Vec<String> = (0..17).map(|n| n.to_string()).collect();
        let many: Vec<(&str, u16)> = many.iter().map(|name| (name.as_str(), 0)).collect();
        assert_eq!(split(&many), Err(InvalidSplit::Count));
    }

    #[test]
    fn every_point_lies_in_the_share_of_its_size() {
        let shares = [("a", 1), ("b", 0), ("c", 8_999), ("d", 1_000), ("e", 0)];
        let split = split(&shares).expect("whole");
        let mut hits = [0_u16; 5];
        for point in 0..WHOLE {
            hits[split.at(point)] += 1;
        }
        assert_eq!(hits, shares.map(|(_, weight)| weight));
    }

    #[test]
    fn draws_come_out_in_proportion() {
        let split = split(&[("a", 9_000), ("b", 900), ("c", 100), ("d", 0)]).expect("whole");
        let mut random = fastrand::Rng::with_seed(7);
        let mut hits = [0_u32; 4];
        for _ in 0..1_000_000 {
            hits[split.at(random.u16(..WHOLE))] += 1;
        }
        // Four standard deviations of a binomial distribution each.
        for (hit, expected, deviation) in [(hits[0], 900_000, 300), (hits[1], 90_000, 286), (hits[2], 10_000, 100)] {
            assert!(hit.abs_diff(expected) < 4 * deviation, "{hits:?}");
        }
        assert_eq!(hits[3], 0);
    }

    #[test]
    fn a_share_that_grows_keeps_what_it_had() {
        let (before, after) = (split(&[("a", 9_000), ("b", 1_000)]), split(&[("a", 7_000), ("b", 3_000)]));
        let (before, after) = (before.expect("whole"), after.expect("whole"));
        let moved = (0..WHOLE).filter(|point| before.at(*point) != after.at(*point)).count();
        assert_eq!(moved, 2_000);
    }

    #[test]
    fn the_heaviest_is_the_first_of_equals() {
        let heaviest = |shares: &[(&str, u16)]| split(shares).expect("whole").heaviest().clone();
        assert_eq!(heaviest(&[("a", 5_000), ("b", 5_000)]), version("a"));
        assert_eq!(heaviest(&[("a", 4_999), ("b", 5_001)]), version("b"));
        assert_eq!(heaviest(&[("a", 0), ("b", 10_000), ("c", 0)]), version("b"));
    }

    #[test]
    fn a_version_that_is_forgotten_is_in_no_earlier_split() {
        let now = Timestamp::UNIX_EPOCH;
        let mut alias = Alias::new(Split::whole(version("a")), Sticky::None, now);
        let both = split(&[("a", 9_000), ("b", 1_000)]).expect("whole");
        for next in [both, Split::whole(version("a")), Split::whole(version("c")), Split::whole(version("b"))] {
            alias.point_at(next, now);
        }
        alias.point_at(Split::whole(version("c")), now);
        alias.forget(&version("b"));
        assert_eq!(alias.earlier, [Split::whole(version("a"))], "and no two neighbours are the same");
        alias.forget(&version("x"));
        assert!(alias.roll_back(now) && !alias.roll_back(now));
    }

    #[test]
    fn rolling_back_goes_to_the_split_before_and_then_further() {
        let now = Timestamp::UNIX_EPOCH;
        let mut alias = Alias::new(Split::whole(version("a")), Sticky::None, now);
        assert!(!alias.roll_back(now));
        for name in ["b", "b", "c"] {
            alias.point_at(Split::whole(version(name)), now);
        }
        for name in ["b", "a"] {
            assert!(alias.roll_back(now));
            assert_eq!(alias.split, Split::whole(version(name)));
        }
        assert!(!alias.roll_back(now));
        for n in 0..100 {
            alias.point_at(Split::whole(version(&n.to_string())), now);
        }
        assert_eq!(alias.earlier.len(), MAX_EARLIER);
        assert!(alias.roll_back(now));
        assert_eq!(alias.split, Split::whole(version("98")));
    }
}
