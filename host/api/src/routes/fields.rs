//! Fields that several requests have, checked, and the answer for one that is not acceptable.

use std::collections::BTreeMap;

use isolet_domain::labels;

use crate::failure::{Failure, FieldFault};
use crate::problem::escape;
use crate::strict_json::UniqueMap;

/// One field's fault as a whole answer.
pub fn invalid(pointer: &str, code: &'static str, detail: &str) -> Failure {
    Failure::Invalid(vec![FieldFault { pointer: pointer.to_owned(), code, detail: detail.to_owned() }])
}

/// Labels of an acceptable number and length.
pub fn checked_labels(labels: UniqueMap<String>) -> Result<BTreeMap<String, String>, Failure> {
    match labels::check(&labels.0) {
        Ok(()) => Ok(labels.0),
        Err(error) => {
            let pointer = error.label().map_or("/labels".to_owned(), |label| format!("/labels/{}", escape(label)));
            Err(invalid(&pointer, "label", &error.to_string()))
        }
    }
}
