//! What the secret keys of hosts are told by, so that a store can say whether they are those it was begun with.

use crate::ids::Digest;
use crate::key::KeyPepper;
use crate::secret::MasterKey;

/// What is hashed with the keys.
const HASHED: &str = "isolet key mark 1";

/// Nothing can be opened with it, or guessed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMark {
    /// Of `pepper.key`.
    pub pepper: Digest,
    /// Of the first `master.key`: one that took another's place has the same.
    pub master: Digest,
}

impl KeyMark {
    pub fn of(pepper: &KeyPepper, master: &MasterKey) -> Self {
        Self { pepper: pepper.hash(HASHED), master: master.mark(HASHED) }
    }

    /// As a store keeps it.
    pub fn to_text(&self) -> String {
        format!("{} {}", self.pepper, self.master)
    }

    /// What `to_text` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (pepper, master) = text.split_once(' ')?;
        Some(Self { pepper: Digest::parse(pepper).ok()?, master: Digest::parse(master).ok()? })
    }
}
