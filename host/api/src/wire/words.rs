//! Words of the domain as the document names them: what a field that is plain text here can say. Nothing of this is ever built.

use std::borrow::Cow;

use isolet_domain::access::{Preset, Scope};
use isolet_domain::execute::{LogLevel, Severity};
use isolet_domain::log::Via;
use isolet_domain::outcome::Outcome;
use isolet_domain::series::Step;
use isolet_domain::tenant::TenantStatus;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::measure::Measure;

macro_rules! words {
    ($($(#[$doc:meta])* $marker:ident = $name:literal, $all:expr;)*) => { $(
        $(#[$doc])*
        pub struct $marker;

        impl JsonSchema for $marker {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let words: Vec<&str> = $all;
                json_schema!({ "type": "string", "enum": words })
            }
        }
    )* };
}

words! {
    OutcomeWord = "Outcome", Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    ScopeWord = "Scope", Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    PresetWord = "Preset", Preset::ALL.iter().map(|preset| preset.as_str()).collect();
    MeasureWord = "Measure", Measure::ALL.map(Measure::as_str).to_vec();
    StepWord = "Step", Step::SERIES.map(Step::as_str).to_vec();
    ViaWord = "RequestSource", Via::ALL.iter().map(|via| via.as_str()).collect();
    LevelWord = "LogLevel", LogLevel::ALL.iter().map(|level| level.as_str()).collect();
    SeverityWord = "Severity", [Severity::Error, Severity::Warning].map(Severity::as_str).to_vec();
    StatusWord = "TenantStatus", [TenantStatus::Active, TenantStatus::Suspended].map(TenantStatus::as_str).to_vec();
}

/// RFC 3339 in UTC.
pub struct Time;

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}
