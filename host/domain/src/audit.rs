//! Who changed what: the entries of the audit, and how each is chained to the one before. Every host writes chains of its own, and an
//! entry also names where another chain ended, so that what is taken off one chain's end is missed in another. When an entry is
//! written, and how the chains are gone through, is in `service/audit`.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::ids::{AuditId, Digest, HostId, KeyId, RequestId, TenantId, TenantSlug};

/// Keys the digests, so that nobody makes a chain anew who can write to the store and has no master key.
pub struct AuditKey([u8; 32]);

impl AuditKey {
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// What was done, or tried, by somebody who is known. Names and ids only: values, secrets and sources have no place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub request: RequestId,
    /// The key; `None` is the operator's one-time link.
    pub actor: Option<KeyId>,
    /// The operation's name.
    pub operation: String,
    /// Whose things it was about, if a tenant's.
    pub tenant: Option<(TenantId, TenantSlug)>,
    /// The address it was asked of.
    pub target: String,
    /// What was made, where the address does not say.
    pub subject: Option<String>,
    /// How it was answered; 0: the host ended before that was known.
    pub status: u16,
}

/// A place in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub host: HostId,
    pub number: u64,
    pub digest: Digest,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: AuditId,
    pub host: HostId,
    /// In its chain, from 1 and without gaps.
    pub number: u64,
    pub at: Timestamp,
    pub act: Act,
    /// The last entry of the other chain that was written to last, as it was then.
    pub seen: Option<Link>,
    /// Digest of the entry before, zeros for the first.
    pub before: Digest,
    pub digest: Digest,
}

/// What is before the first entry.
pub const NOTHING: Digest = Digest::from_bytes([0; 32]);

impl AuditEntry {
    /// The entry that comes after `last` in the chain of this host.
    pub fn new(
        key: &AuditKey,
        host: HostId,
        last: Option<Link>,
        seen: Option<Link>,
        (id, at, act): (AuditId, Timestamp, Act),
    ) -> Self {
        let (number, before) = last.map_or((1, NOTHING), |last| (last.number + 1, last.digest));
        let mut entry = Self { id, host, number, at, act, seen, before, digest: NOTHING };
        entry.digest = entry.reckoned(key);
        entry
    }

    /// What is noted before an act: it is in no chain yet.
    pub fn begun(host: HostId, (id, at, act): (AuditId, Timestamp, Act)) -> Self {
        Self { id, host, number: 0, at, act, seen: None, before: NOTHING, digest: NOTHING }
    }

    pub fn link(&self) -> Link {
        Link { host: self.host, number: self.number, digest: self.digest }
    }

    /// Whether the digest is that of what stands here.
    pub fn is_whole(&self, key: &AuditKey) -> bool {
        self.digest == self.reckoned(key)
    }

    fn reckoned(&self, key: &AuditKey) -> Digest {
        let Act { request, actor, operation, tenant, target, subject, status } = &self.act;
        let mut hasher = Parts(blake3::Hasher::new_keyed(&key.0));
        hasher.text(&"isolet audit 1");
        hasher.text(&self.id);
        hasher.text(&self.host);
        hasher.text(&self.number);
        hasher.text(&self.at);
        hasher.text(request);
        hasher.maybe(actor.as_ref());
        hasher.text(operation);
        hasher.maybe(tenant.as_ref().map(|(id, slug)| format!("{id} {slug}")).as_ref());
        hasher.text(target);
        hasher.maybe(subject.as_ref());
        hasher.text(status);
        hasher.maybe(self.seen.map(|Link { host, number, digest }| format!("{host} {number} {digest}")).as_ref());
        hasher.text(&self.before);
        Digest::from_bytes(*hasher.0.finalize().as_bytes())
    }
}

/// Every part with its length before it, so that no two entries are written alike.
struct Parts(blake3::Hasher);

impl Parts {
    fn text(&mut self, part: &impl fmt::Display) {
        let text = part.to_string();
        self.0.update(&(text.len() as u64).to_be_bytes()).update(text.as_bytes());
    }

    /// What is not there differs from what is empty.
    fn maybe(&mut self, part: Option<&impl fmt::Display>) {
        match part {
            Some(part) => {
                self.0.update(&[1]);
                self.text(part);
            }
            None => drop(self.0.update(&[0])),
        }
    }
}

/// Which entries are meant: those with all that is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub actor: Option<KeyId>,
    pub operation: Option<String>,
    /// From then on.
    pub start: Option<Timestamp>,
    /// Before then.
    pub end: Option<Timestamp>,
}

impl AuditFilter {
    /// Whether this is one of them.
    pub fn has(&self, entry: &AuditEntry) -> bool {
        self.actor.is_none_or(|actor| entry.act.actor == Some(actor))
            && self.operation.as_ref().is_none_or(|operation| *operation == entry.act.operation)
            && self.start.is_none_or(|start| entry.at >= start)
            && self.end.is_none_or(|end| entry.at < end)
    }
}

/// Where a host notes the end of a chain of its own, outside of the store that has the chain: what is taken off the end is missed then.
pub trait Anchor: fmt::Debug + Send + Sync {
    /// What was noted last, if anything can be read.
    fn noted(&self) -> Option<Link>;
    fn note(&self, end: Link);
}

/// One chain of a host's.
#[derive(Clone, Debug)]
pub struct AuditChain {
    /// Under which id; a host writes each of its chains under one of its own.
    pub host: HostId,
    /// Where its end is noted; `None`: nowhere.
    pub anchor: Option<Arc<dyn Anchor>>,
}

/// A host's two chains: what credentials do that are bound to a tenant is in one, what all others do in the other.
#[derive(Clone, Debug)]
pub struct AuditChains {
    pub operators: AuditChain,
    pub tenants: AuditChain,
}

impl AuditChains {
    /// New ones, whose ends are noted nowhere.
    pub fn generate() -> Self {
        let chain = || AuditChain { host: HostId::generate(), anchor: None };
        Self { operators: chain(), tenants: chain() }
    }
}

/// The operation of the entry that says up to which number, its subject, earlier entries were let go.
pub const TRIMMED: &str = "trim_audit";

/// The operation of the entry that stands for so many, its subject, of a tenant's acts that were refused.
pub const REFUSED: &str = "refused_acts";

/// The first thing that is wrong with the chains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    pub host: HostId,
    /// Where in that host's chain.
    pub number: u64,
    /// The entry, if there is one that can be read.
    pub id: Option<AuditId>,
    pub why: &'static str,
}

/// Goes along one chain, entry by entry.
pub struct Walk<'k> {
    key: &'k AuditKey,
    host: HostId,
    /// The last entry that was right.
    last: Option<Link>,
    /// Number before the first entry there is, and the greatest that the chain says was let go.
    began_after: u64,
    trimmed: u64,
}

impl<'k> Walk<'k> {
    pub fn new(key: &'k AuditKey, host: HostId) -> Self {
        Self { key, host, last: None, began_after: 0, trimmed: 0 }
    }

    pub fn last(&self) -> Option<Link> {
        self.last
    }

    /// The number up to which entries are gone and said to be.
    pub fn began_after(&self) -> u64 {
        self.began_after
    }

    /// The next entry of the chain, at this number as the store has it.
    pub fn step(&mut self, at: u64, entry: Option<&AuditEntry>) -> Result<(), Break> {
        let broken = |number: u64, why: &'static str| {
            Err(Break { host: self.host, number, id: entry.map(|entry| entry.id), why })
        };
        let expected = match self.last {
            Some(last) => last.number + 1,
            None => at,
        };
        if at != expected {
            return Err(Break { host: self.host, number: expected, id: None, why: "it is missing" });
        }
        let Some(entry) = entry else { return broken(at, "it cannot be read") };
        if entry.host != self.host || entry.number != at {
            return broken(at, "it belongs elsewhere");
        }
        if !entry.is_whole(self.key) {
            return broken(at, "it was altered");
        }
        match self.last {
            Some(last) if entry.before != last.digest => return broken(at, "another entry was before it"),
            None => self.began_after = at - 1,
            Some(_) => {}
        }
        if entry.act.operation == TRIMMED {
            let to = entry.act.subject.as_deref().and_then(|number| number.parse().ok());
            self.trimmed = self.trimmed.max(to.unwrap_or(0));
        }
        self.last = Some(entry.link());
        Ok(())
    }

    /// The chain ends here, and the store says that it ends there.
    pub fn end(&self, head: Option<Link>) -> Result<(), Break> {
        let broken = |number: u64| Err(Break { host: self.host, number, id: None, why: "it is missing" });
        if self.began_after > self.trimmed {
            return broken(1);
        }
        let last = self.last.map_or(0, |last| last.number);
        match head {
            Some(head) if head.number > last => broken(last + 1),
            Some(head) if Some(head) == self.last => Ok(()),
            None if last == 0 => Ok(()),
            _ => Err(Break { host: self.host, number: last, id: None, why: "the chain's end is noted otherwise" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: AuditKey = AuditKey::new([7; 32]);

    fn act(target: &str) -> Act {
        Act {
            request: RequestId::from_bytes([1; 16]),
            actor: None,
            operation: "put_function".to_owned(),
            tenant: None,
            target: target.to_owned(),
            subject: None,
            status: 201,
        }
    }

    fn chain(length: usize) -> Vec<AuditEntry> {
        let host = HostId::from_bytes([2; 16]);
        let mut entries: Vec<AuditEntry> = Vec::new();
        for n in 0..length {
            let last = entries.last().map(AuditEntry::link);
            let made = (AuditId::generate(), Timestamp::now(), act(&format!("/{n}")));
            entries.push(AuditEntry::new(&KEY, host, last, None, made));
        }
        entries
    }

    fn walked(entries: &[AuditEntry], head: Option<Link>) -> Result<(), Break> {
        let mut walk = Walk::new(&KEY, HostId::from_bytes([2; 16]));
        for entry in entries {
            walk.step(entry.number, Some(entry))?;
        }
        walk.end(head)
    }

    #[test]
    fn every_field_counts() {
        let entry = &chain(2)[1];
        let (id, slug) = (TenantId::generate(), TenantSlug::parse("acme").expect("valid"));
        let changes: [fn(&mut AuditEntry); 12] = [
            |entry| entry.id = AuditId::generate(),
            |entry| entry.host = HostId::generate(),
            |entry| entry.number += 1,
            |entry| entry.at = Timestamp::UNIX_EPOCH,
            |entry| entry.act.request = RequestId::generate(),
            |entry| entry.act.actor = Some(KeyId::generate()),
            |entry| entry.act.operation.push('s'),
            |entry| entry.act.target.push('x'),
            |entry| entry.act.subject = Some(String::new()),
            |entry| entry.act.status = 200,
            |entry| entry.seen = Some(entry.link()),
            |entry| entry.before = NOTHING,
        ];
        assert!(entry.is_whole(&KEY) && !entry.is_whole(&AuditKey::new([8; 32])));
        for (at, change) in changes.iter().enumerate() {
            let mut altered = entry.clone();
            change(&mut altered);
            assert!(!altered.is_whole(&KEY), "{at}");
        }
        let altered = AuditEntry { act: Act { tenant: Some((id, slug)), ..entry.act.clone() }, ..entry.clone() };
        assert!(!altered.is_whole(&KEY));
    }

    #[test]
    fn the_first_break_is_found_whatever_was_done() {
        let whole = chain(6);
        let head = Some(whole[5].link());
        assert_eq!(walked(&whole, head), Ok(()));
        assert_eq!(walked(&[], None), Ok(()));
        let found = |entries: &[AuditEntry]| walked(entries, head).expect_err("broken").number;
        let mut altered = whole.clone();
        altered[2].act.status = 404;
        assert_eq!(found(&altered), 3);
        let mut removed = whole.clone();
        removed.remove(3);
        assert_eq!(found(&removed), 4);
        assert_eq!(found(&whole[1..]), 1, "the beginning is gone and nobody says so");
        assert_eq!(found(&whole[..5]), 6);
        let mut swapped = whole.clone();
        swapped.swap(1, 2);
        assert_eq!(found(&swapped), 2);
        // Swapped and numbered anew.
        (swapped[1].number, swapped[2].number) = (2, 3);
        assert_eq!(found(&swapped), 2);
        assert_eq!(walked(&whole, Some(whole[4].link())).expect_err("broken").number, 6);
    }

    #[test]
    fn a_beginning_that_is_said_to_be_gone_may_be() {
        let mut entries = chain(5);
        let trim = Act { operation: TRIMMED.to_owned(), subject: Some("3".to_owned()), ..act("") };
        let made = (AuditId::generate(), Timestamp::now(), trim);
        entries.push(AuditEntry::new(&KEY, entries[4].host, Some(entries[4].link()), None, made));
        let head = Some(entries[5].link());
        assert_eq!(walked(&entries[3..], head), Ok(()));
        assert_eq!(walked(&entries[2..], head), Ok(()), "not all of it was removed yet");
        assert!(walked(&entries[4..], head).is_err());
    }
}
