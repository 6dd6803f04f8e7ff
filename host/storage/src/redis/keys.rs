//! Every key in Redis, and what is under it. Nothing else in this crate spells one.
//!
//! | key | type | holds |
//! | --- | --- | --- |
//! | `{p}:format` | string | whose keys these are |
//! | `{p}:key-mark` | string | what the hosts' `pepper.key` and `master.key` are told by |
//! | `{p}:probe` | string | the time of the last health check |
//! | `{p}:tenants` | sorted set | index: `<slug> <tenant id>`, all with score 0, so ordered by slug |
//! | `{p}:hosts` | hash | index: custom host → tenant id |
//! | `{p}:key:<hash>` | string | record of an API key |
//! | `{p}:blob:<digest>` | string | contents |
//! | `{p}:trash:{{p}:blob:<digest>}` | string | contents that are about to be removed, and read until then |
//! | `{p}:{<tenant id>}:tenant` | string | record of the tenant |
//! | `{p}:{<tenant id>}:keys` | hash | key id → hash of the secret |
//! | `{p}:{<tenant id>}:routing` | string | record of its custom hosts and routes |
//! | `{p}:{<tenant id>}:functions` | hash | name → record |
//! | `{p}:{<tenant id>}:names` | sorted set | names, in order |
//! | `{p}:{<tenant id>}:versions` | hash | `<function> <version id>` → record |
//! | `{p}:{<tenant id>}:numbers` | sorted set | `<function> <number, 20 digits> <version id>`, in order |
//! | `{p}:{<tenant id>}:runs` | hash | run id → record |
//! | `{p}:{<tenant id>}:order` | sorted set | ids of all runs, in order |
//! | `{p}:{<tenant id>}:ring` | sorted set | ids of the unstarred ones, in order |
//! | `{p}:{<tenant id>}:answers` | hash | place → record of a remembered answer; a tenant of zeros is the operator's own |
//! | `{p}:{<tenant id>}:ends` | sorted set | places, by when they end in milliseconds |
//! | `{p}:{<tenant id>}:rate` | string | when its bucket of requests is full, in microseconds |
//! | `{p}:{audit}:entries` | hash | id → record of an entry of the audit |
//! | `{p}:{audit}:order` | sorted set | ids of all, in order |
//! | `{p}:{audit}:of:<tenant id>` | sorted set | ids of those about the tenant, in order |
//! | `{p}:{audit}:chain:<host id>` | sorted set | ids of those of the host, by number |
//! | `{p}:{audit}:heads` | hash | host → number and digest of its last entry |
//! | `{p}:{audit}:begun:<host id>` | hash | id → record of what the host began and has not come to the end of |
//! | `{p}:{audit}:latest` | sorted set | hosts, by when they wrote last in milliseconds |
//! | `{p}:{<tenant id>}:log` | stream | batches of log records, under the position of the last one |
//! | `{p}:{<tenant id>}:series:<step>` | hash | `<start of a window> <writer>` → record of the writer's part |
//! | `{p}:{<tenant id>}:windows:<step>` | sorted set | the same fields, by the start of the window |
//! | `{p}:{<tenant id>}:log-sizes` | hash | the position of the next record, what the batches come to, when the oldest came |
//!
//! Hosts tell each other what they wrote on the channel `{p}:notices`.
//!
//! (`{p}` is the prefix; the braces around a tenant's id, around `audit` and behind `trash:` are really there.) In a Redis Cluster the part in braces
//! alone decides about the slot, so all of a tenant's keys are in one and a script may use them together, as it may contents and what is
//! about to be removed of them; of the others a script uses one.
//! Only remembered answers, logs, series and rates ever get a time to live, so a server that evicts only keys that have one evicts nothing else; without answers
//! a request that is sent again is done again.
//!
//! A space sorts before every character of slugs, names and ids, and `!` comes right after it: everything that starts with
//! `<slug> ` is between `[<slug> ` and `(<slug>!`.

use isolet_domain::ids::{Digest, FunctionName, HostId, RunId, TenantId, TenantSlug, VersionId};
use isolet_domain::series::{Place, Step};

/// The keys under one prefix.
#[derive(Clone)]
pub(super) struct Keys {
    prefix: String,
}

/// The audit's keys.
pub(super) struct AuditKeys {
    base: String,
}

/// One tenant's keys.
pub(super) struct TenantKeys {
    base: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    pub(super) fn format(&self) -> String {
        format!("{}:format", self.prefix)
    }

    pub(super) fn key_mark(&self) -> String {
        format!("{}:key-mark", self.prefix)
    }

    pub(super) fn probe(&self) -> String {
        format!("{}:probe", self.prefix)
    }

    pub(super) fn tenants(&self) -> String {
        format!("{}:tenants", self.prefix)
    }

    pub(super) fn hosts(&self) -> String {
        format!("{}:hosts", self.prefix)
    }

    pub(super) fn key(&self, hash: &Digest) -> String {
        format!("{}:key:{}", self.prefix, hash.to_hex())
    }

    /// What the keys of all API keys' records start with.
    pub(super) fn key_start(&self) -> String {
        format!("{}:key:", self.prefix)
    }

    /// All keys, as `SCAN` matches them. A prefix has no character that means something there.
    pub(super) fn all_pattern(&self) -> String {
        format!("{}:*", self.prefix)
    }

    pub(super) fn blob(&self, digest: &Digest) -> String {
        format!("{}:blob:{}", self.prefix, digest.to_hex())
    }

    pub(super) fn trash(&self, digest: &Digest) -> String {
        format!("{}:trash:{{{}}}", self.prefix, self.blob(digest))
    }

    /// Where an earlier host put the same. Renaming to it would take both keys on one node.
    pub(super) fn earlier_trash(&self, digest: &Digest) -> String {
        format!("{}:trash:{}", self.prefix, digest.to_hex())
    }

    /// The channel on which hosts tell each other what they wrote.
    pub(super) fn notices(&self) -> String {
        format!("{}:notices", self.prefix)
    }

    pub(super) fn audit(&self) -> AuditKeys {
        AuditKeys { base: format!("{}:{{audit}}", self.prefix) }
    }

    pub(super) fn of(&self, tenant: &TenantId) -> TenantKeys {
        TenantKeys { base: format!("{}:{{{tenant}}}", self.prefix) }
    }
}

impl AuditKeys {
    pub(super) fn entries(&self) -> String {
        format!("{}:entries", self.base)
    }

    pub(super) fn order(&self) -> String {
        format!("{}:order", self.base)
    }

    pub(super) fn of(&self, tenant: &TenantId) -> String {
        format!("{}:of:{tenant}", self.base)
    }

    pub(super) fn chain(&self, host: &HostId) -> String {
        format!("{}:chain:{host}", self.base)
    }

    pub(super) fn heads(&self) -> String {
        format!("{}:heads", self.base)
    }

    pub(super) fn begun(&self, host: &HostId) -> String {
        format!("{}:begun:{host}", self.base)
    }

    pub(super) fn latest(&self) -> String {
        format!("{}:latest", self.base)
    }
}

impl TenantKeys {
    pub(super) fn tenant(&self) -> String {
        format!("{}:tenant", self.base)
    }

    pub(super) fn keys(&self) -> String {
        format!("{}:keys", self.base)
    }

    pub(super) fn functions(&self) -> String {
        format!("{}:functions", self.base)
    }

    pub(super) fn names(&self) -> String {
        format!("{}:names", self.base)
    }

    pub(super) fn versions(&self) -> String {
        format!("{}:versions", self.base)
    }

    pub(super) fn numbers(&self) -> String {
        format!("{}:numbers", self.base)
    }

    pub(super) fn routing(&self) -> String {
        format!("{}:routing", self.base)
    }

    pub(super) fn runs(&self) -> String {
        format!("{}:runs", self.base)
    }

    pub(super) fn order(&self) -> String {
        format!("{}:order", self.base)
    }

    pub(super) fn ring(&self) -> String {
        format!("{}:ring", self.base)
    }

    pub(super) fn answers(&self) -> String {
        format!("{}:answers", self.base)
    }

    pub(super) fn rate(&self) -> String {
        format!("{}:rate", self.base)
    }

    pub(super) fn ends(&self) -> String {
        format!("{}:ends", self.base)
    }

    pub(super) fn log(&self) -> String {
        format!("{}:log", self.base)
    }

    pub(super) fn log_sizes(&self) -> String {
        format!("{}:log-sizes", self.base)
    }

    pub(super) fn series(&self, step: Step) -> String {
        format!("{}:series:{}", self.base, step.as_str())
    }

    pub(super) fn windows(&self, step: Step) -> String {
        format!("{}:windows:{}", self.base, step.as_str())
    }

    /// All of them, the record first.
    pub(super) fn all(&self) -> Vec<String> {
        let mut all = vec![
            self.tenant(),
            self.keys(),
            self.functions(),
            self.names(),
            self.versions(),
            self.numbers(),
            self.routing(),
            self.runs(),
            self.order(),
            self.ring(),
            self.answers(),
            self.ends(),
            self.log(),
            self.log_sizes(),
            self.rate(),
        ];
        all.extend(Step::ALL.map(|step| self.series(step)));
        all.extend(Step::ALL.map(|step| self.windows(step)));
        all
    }
}

/// A part of a sorted set whose members have one score, as `ZRANGEBYLEX` takes it.
pub(super) struct Bounds {
    pub(super) min: String,
    pub(super) max: String,
}

/// A member of `tenants`.
pub(super) fn tenant_member(slug: &TenantSlug, id: &TenantId) -> String {
    format!("{slug} {id}")
}

/// The id in a member of `tenants`.
pub(super) fn tenant_of_member(member: &str) -> Option<TenantId> {
    TenantId::parse(member.split_once(' ')?.1).ok()
}

/// The member of `tenants` with this slug.
pub(super) fn tenant_with(slug: &TenantSlug) -> Bounds {
    Bounds { min: format!("[{slug} "), max: format!("({slug}!") }
}

/// The members of `tenants` with later slugs.
pub(super) fn tenants_after(slug: Option<&TenantSlug>) -> Bounds {
    Bounds { min: slug.map_or_else(|| "-".to_owned(), |slug| format!("[{slug}!")), max: "+".to_owned() }
}

/// The members of `names` that are later.
pub(super) fn names_after(name: Option<&FunctionName>) -> Bounds {
    Bounds { min: name.map_or_else(|| "-".to_owned(), |name| format!("({name}")), max: "+".to_owned() }
}

/// A field of `versions`.
pub(super) fn version_field(function: &FunctionName, id: &VersionId) -> String {
    format!("{function} {id}")
}

/// A member of `numbers`.
pub(super) fn number_member(function: &FunctionName, number: u64, id: &VersionId) -> String {
    format!("{function} {number:020} {id}")
}

/// A function's members of `numbers`, those with a lower number.
pub(super) fn numbers_before(function: &FunctionName, number: Option<u64>) -> Bounds {
    let max = number.map_or_else(|| format!("({function}!"), |number| format!("({function} {number:020}"));
    Bounds { min: format!("[{function} "), max }
}

/// A place as a field of `series` and a member of `windows`.
pub(super) fn series_member(place: &Place) -> String {
    format!("{} {:032x}", place.start, u128::from_be_bytes(place.writer.0))
}

/// The start of the window and the writer in one.
pub(super) fn series_of_member(member: &str) -> Option<(i64, [u8; 16])> {
    let (start, writer) = member.split_once(' ')?;
    Some((start.parse().ok()?, u128::from_str_radix(writer, 16).ok()?.to_be_bytes()))
}

/// The members of `order` that are older.
pub(super) fn runs_before(id: Option<&RunId>) -> Bounds {
    Bounds { min: "-".to_owned(), max: id.map_or_else(|| "+".to_owned(), |id| format!("({id}")) }
}

#[cfg(test)]
mod tests {
    use redis::cluster_routing::Slot;

    use super::*;

    #[test]
    fn a_tenants_keys_differ_and_share_one_hash_tag() {
        let tenant = TenantId::generate();
        let keys = Keys::new("isolet").of(&tenant).all();
        let tag = format!("{{{tenant}}}");
        assert!(keys.iter().all(|key| key.starts_with(&format!("isolet:{tag}:"))));
        assert_eq!(keys.iter().collect::<std::collections::HashSet<_>>().len(), keys.len());
    }

    #[test]
    fn other_keys_have_no_hash_tag() {
        let (keys, digest) = (Keys::new("isolet"), Digest::of(b"x"));
        for key in [
            keys.format(),
            keys.probe(),
            keys.key_mark(),
            keys.tenants(),
            keys.hosts(),
            keys.key(&digest),
            keys.blob(&digest),
            keys.earlier_trash(&digest),
        ] {
            assert!(!key.contains('{'), "{key}");
        }
    }

    #[test]
    fn contents_keep_their_slot_on_the_way_out() {
        let (keys, digest) = (Keys::new("isolet"), Digest::of(b"x"));
        assert_eq!(Slot::for_key(keys.blob(&digest)), Slot::for_key(keys.trash(&digest)));
        assert_ne!(Slot::for_key(keys.blob(&digest)), Slot::for_key(keys.earlier_trash(&digest)));
    }

    #[test]
    fn the_order_of_members_is_the_order_of_slugs() {
        let id = TenantId::from_bytes([0xFF; 16]);
        let slugs = ["0", "a", "a-0", "a-b", "a0", "aa", "ab", "b"].map(|slug| TenantSlug::parse(slug).expect("valid"));
        let members = slugs.each_ref().map(|slug| tenant_member(slug, &id));
        assert!(slugs.is_sorted() && members.is_sorted(), "{members:?}");
        for (slug, member) in slugs.iter().zip(&members) {
            let within = tenant_with(slug);
            let hits = members.iter().filter(|m| *m >= &within.min[1..].to_owned() && *m < &within.max[1..].to_owned());
            assert_eq!(hits.collect::<Vec<_>>(), [member]);
            assert_eq!(tenant_of_member(member), Some(id));
        }
    }
}
