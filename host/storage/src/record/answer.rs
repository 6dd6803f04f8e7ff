//! The written form of a remembered answer.

use isolet_domain::answer::Remembered;
use isolet_domain::ids::Digest;
use serde::{Deserialize, Serialize};

use super::egress::{into_sealed, of_sealed};
use super::envelope::{Record, parse, parse_time};

#[derive(Serialize, Deserialize)]
pub(crate) struct AnswerRecord {
    request: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    ends_at: String,
}

impl Record for AnswerRecord {
    type Domain = Remembered;

    fn of(remembered: &Remembered) -> Self {
        Self {
            request: remembered.request.to_string(),
            answer: remembered.answer.as_ref().map(of_sealed),
            ends_at: remembered.ends_at.to_string(),
        }
    }

    fn into_domain(self) -> Result<Remembered, String> {
        Ok(Remembered {
            request: parse("request", &self.request, Digest::parse)?,
            answer: self.answer.as_deref().map(into_sealed).transpose()?,
            ends_at: parse_time("ends_at", &self.ends_at)?,
        })
    }
}
