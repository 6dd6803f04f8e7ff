//! What a function's name leads to, put together once and asked for every request: authority, variables, and for each alias the
//! versions behind it. Finding it is the work of `resolver`.

use std::sync::Arc;

use http::HeaderMap;

use crate::access::TenantScope;
use crate::alias::{Alias, Sticky, WHOLE};
use crate::egress::Egress;
use crate::function::{Function, Version};
use crate::ids::{AliasName, Digest, FunctionName, VersionId};
use crate::limits::{Admission, Limits};
use crate::log::Origin;

/// Everything that an invocation of a function needs to know about it.
#[derive(Debug)]
pub struct Target {
    pub scope: Arc<TenantScope>,
    pub suspended: bool,
    pub limits: Limits,
    pub admission: Admission,
    pub function: FunctionName,
    pub env: Arc<[(String, String)]>,
    pub egress: Arc<Egress>,
    pub(super) aliases: Box<[(AliasName, Choice)]>,
}

/// A version that traffic may reach.
#[derive(Clone, Debug)]
pub struct Served {
    pub version: VersionId,
    /// As it stands in logs.
    pub origin: Arc<Origin>,
    pub code: Digest,
    pub code_key: Digest,
}

/// An alias as it is chosen by.
#[derive(Debug)]
pub(super) struct Choice {
    alias: Alias,
    /// In the order of the split's shares.
    served: Box<[Served]>,
    /// Makes points of sticky values, other ones for each function.
    salt: [u8; 32],
}

/// What a caller may say about the version that is to answer.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// This version, if the alias names it.
    pub version: Option<VersionId>,
    /// Binds the caller to a share, in place of the field that the alias names.
    pub sticky_key: Option<Vec<u8>>,
}

impl Choice {
    /// `None` when one of the versions is not there.
    pub(super) fn new(
        scope: &TenantScope,
        function: &Function,
        (alias_name, alias): (&AliasName, &Alias),
        versions: &[Version],
        code_key: impl Fn(&Digest) -> Digest,
    ) -> Option<Self> {
        let find = |id: &VersionId| versions.iter().find(|version| version.id == *id);
        let served = alias.split.shares().iter().map(|share| {
            let Version { digest: code, number, .. } = *find(&share.version)?;
            let origin = Origin {
                function: Some(function.name.clone()),
                alias: Some(alias_name.clone()),
                version: share.version.clone(),
                number: Some(number),
            };
            let version = share.version.clone();
            Some(Served { version, origin: Arc::new(origin), code, code_key: code_key(&code) })
        });
        let served = served.collect::<Option<_>>()?;
        let mut salt = blake3::Hasher::new_derive_key("isolet sticky split 1");
        salt.update(scope.id().as_bytes()).update(function.name.as_str().as_bytes());
        Some(Self { alias: alias.clone(), served, salt: *salt.finalize().as_bytes() })
    }

    /// Nothing is allocated here, and there is one random number at most: this is part of every request.
    fn choose(&self, wish: &Wish, headers: &HeaderMap) -> Option<&Served> {
        if let Some(wanted) = &wish.version {
            return self.served.iter().find(|served| served.version == *wanted);
        }
        if let [only] = &*self.served {
            return Some(only);
        }
        let key = match (&wish.sticky_key, &self.alias.sticky) {
            (Some(key), _) => Some(key.as_slice()),
            (None, Sticky::Header(name)) => headers.get(name).map(http::HeaderValue::as_bytes),
            (None, Sticky::None) => None,
        };
        let point = match key {
            Some(key) => point_of(&self.salt, key),
            None => fastrand::u16(..WHOLE),
        };
        self.served.get(self.alias.split.at(point))
    }
}

/// The same for the same key on every host and after every start.
fn point_of(salt: &[u8; 32], key: &[u8]) -> u16 {
    let hash = blake3::keyed_hash(salt, key);
    let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
    // The high half of the product: as even as the hash is, without a division.
    ((u128::from(u64::from_le_bytes(*first)) * u128::from(WHOLE)) >> 64) as u16
}

/// Why no version answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotServed {
    /// The function has no such alias.
    NotDeployed,
    /// The alias does not name the version that was wished for.
    UnknownVersion,
}

impl Target {
    /// The version that answers one request.
    pub fn choose(&self, alias: &str, wish: &Wish, headers: &HeaderMap) -> Result<&Served, NotServed> {
        let found = self.aliases.iter().find(|(name, _)| name.as_str() == alias);
        let (_, choice) = found.ok_or(NotServed::NotDeployed)?;
        choice.choose(wish, headers).ok_or(NotServed::UnknownVersion)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use jiff::Timestamp;

    use super::*;
    use crate::alias::{Share, Split};
    use crate::ids::TenantSlug;
    use crate::tenant::Tenant;

    const NAMES: [&str; 3] = ["a", "b", "c"];

    fn target(function: &str, weights: [u16; 3], sticky: Sticky) -> Target {
        let now = Timestamp::UNIX_EPOCH;
        let slug = TenantSlug::parse("acme").expect("valid");
        let tenant = Tenant { id: crate::ids::TenantId::from_bytes([1; 16]), ..Tenant::new(slug, now) };
        let scope = TenantScope::of_route(&tenant);
        let versions = NAMES.map(|name| Version {
            id: VersionId::of(&Digest::of(name.as_bytes())),
            digest: Digest::of(name.as_bytes()),
            number: 1,
            main_module: "main.js".to_owned(),
            message: String::new(),
            overlay_bytes: 0,
            startup_cpu_us: 0,
            created_at: now,
        });
        let shares =
            versions.iter().zip(weights).map(|(version, weight)| Share { version: version.id.clone(), weight });
        let alias = Alias::new(Split::new(shares.collect()).expect("whole"), sticky, now);
        let function = Function::new(FunctionName::parse(function).expect("valid"), now);
        let choice = Choice::new(&scope, &function, (&AliasName::live(), &alias), &versions, |code| *code)
            .expect("all are there");
        Target {
            scope: Arc::new(scope),
            suspended: false,
            limits: Limits::DEFAULT,
            admission: Admission::DEFAULT,
            function: function.name,
            env: Arc::from([]),
            egress: Arc::default(),
            aliases: Box::new([(AliasName::live(), choice)]),
        }
    }

    fn by_user(user: &str) -> HeaderMap {
        let name = HeaderName::from_static("x-user");
        HeaderMap::from_iter([(name, HeaderValue::from_str(user).expect("valid"))])
    }

    fn chosen(target: &Target, headers: &HeaderMap) -> usize {
        let served = target.choose("live", &Wish::default(), headers).expect("served");
        NAMES.iter().position(|name| Digest::of(name.as_bytes()) == served.code).expect("one of them")
    }

    #[test]
    fn draws_come_out_in_proportion_and_a_caller_without_the_field_draws() {
        fastrand::seed(11);
        for sticky in [Sticky::None, Sticky::Header(HeaderName::from_static("x-user"))] {
            let target = target("hello", [9_000, 1_000, 0], sticky);
            let mut hits = [0_u32; 3];
            for _ in 0..100_000 {
                hits[chosen(&target, &HeaderMap::new())] += 1;
            }
            // Four standard deviations.
            assert!(hits[0].abs_diff(90_000) < 380 && hits[2] == 0, "{hits:?}");
        }
    }

    #[test]
    fn a_sticky_caller_stays_and_moves_only_with_the_weights() {
        let sticky = || Sticky::Header(HeaderName::from_static("x-user"));
        let (before, after) =
            (target("hello", [9_000, 1_000, 0], sticky()), target("hello", [8_000, 2_000, 0], sticky()));
        let other = target("other", [9_000, 1_000, 0], sticky());
        let (mut hits, mut moved, mut elsewhere) = ([0_u32; 3], 0_u32, 0_u32);
        for user in 0..20_000 {
            let headers = by_user(&format!("user-{user}"));
            let first = chosen(&before, &headers);
            assert_eq!(first, chosen(&before, &headers));
            hits[first] += 1;
            let second = chosen(&after, &headers);
            // Nobody goes back from the version that grows.
            assert!(second >= first);
            moved += u32::from(second != first);
            elsewhere += u32::from(first == 1 && chosen(&other, &headers) == 1);
        }
        assert!(hits[1].abs_diff(2_000) < 170 && moved.abs_diff(2_000) < 170, "{hits:?} {moved}");
        // Another function tries its new versions on other callers: a tenth of a tenth meet both.
        assert!(elsewhere.abs_diff(200) < 60, "{elsewhere}");
    }

    #[test]
    fn choosing_allocates_nothing() {
        let headers = by_user("somebody");
        let sticky = || Sticky::Header(HeaderName::from_static("x-user"));
        for (weights, sticky) in
            [([10_000, 0, 0], Sticky::None), ([9_000, 500, 500], Sticky::None), ([9_000, 500, 500], sticky())]
        {
            let target = target("hello", weights, sticky);
            let wish = Wish::default();
            // The first draw of a thread seeds its generator.
            let _ = target.choose("live", &wish, &headers);
            let before = crate::counting::allocations();
            let found = (0..1_000).filter(|_| target.choose("live", &wish, &headers).is_ok()).count();
            assert_eq!((found, crate::counting::allocations() - before), (1_000, 0));
        }
        let before = crate::counting::allocations();
        drop(std::hint::black_box(Box::new(1_u8)));
        assert_eq!(crate::counting::allocations() - before, 1, "the counter counts");
    }

    #[test]
    fn a_wish_reaches_what_the_alias_names_and_nothing_else() {
        let target = target("hello", [10_000, 0, 0], Sticky::None);
        let wish = |name: &str| Wish { version: Some(VersionId::of(&Digest::of(name.as_bytes()))), sticky_key: None };
        let served = target.choose("live", &wish("c"), &HeaderMap::new()).expect("a share of nothing can be asked for");
        assert_eq!(served.code, Digest::of(b"c"));
        let refused = target.choose("live", &wish("d"), &HeaderMap::new()).map(|served| served.code);
        assert_eq!(refused, Err(NotServed::UnknownVersion));
        let refused = target.choose("next", &Wish::default(), &HeaderMap::new()).map(|served| served.code);
        assert_eq!(refused, Err(NotServed::NotDeployed));
        let bound = Wish { version: None, sticky_key: Some(b"me".to_vec()) };
        let first = target.choose("live", &bound, &by_user("x")).expect("served").code;
        assert!((0..100).all(|_| target.choose("live", &bound, &by_user("y")).expect("served").code == first));
    }
}
