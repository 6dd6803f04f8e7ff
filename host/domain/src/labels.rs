//! Labels: free text that whoever operates the host or owns a function hangs on it. Nothing here gives them a meaning.

use std::collections::BTreeMap;

/// How many there may be, and how long a name and a value: enough to file things by, too little to store things in.
pub const MAX_LABELS: usize = 32;
pub const MAX_NAME_BYTES: usize = 63;
pub const MAX_VALUE_BYTES: usize = 255;

/// Why a set of labels is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLabels {
    #[error("there are {0} labels; at most {MAX_LABELS} are allowed")]
    TooMany(usize),
    #[error("a label's name must be 1 to {MAX_NAME_BYTES} bytes without control characters")]
    Name(String),
    #[error("a label's value must be at most {MAX_VALUE_BYTES} bytes without control characters")]
    Value(String),
}

impl InvalidLabels {
    /// The label it is about.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::TooMany(_) => None,
            Self::Name(name) | Self::Value(name) => Some(name),
        }
    }
}

/// Whether all that are wanted are among these, each with its value.
pub fn has_all(labels: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(name, value)| labels.get(name) == Some(value))
}

/// Checks a whole set.
pub fn check(labels: &BTreeMap<String, String>) -> Result<(), InvalidLabels> {
    if labels.len() > MAX_LABELS {
        return Err(InvalidLabels::TooMany(labels.len()));
    }
    for (name, value) in labels {
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(char::is_control) {
            return Err(InvalidLabels::Name(name.clone()));
        }
        if value.len() > MAX_VALUE_BYTES || value.contains(char::is_control) {
            return Err(InvalidLabels::Value(name.clone()));
        }
    }
    Ok(())
}
