//! Stands in for the crate of this name, which asks a browser for the time. One of oxc's libraries does, for questions about browsers of
//! "the last two years" that are never asked here. The front end has no imports, so for it time stands still.

/// The start of 2000.
const NOW_MS: f64 = 946_684_800_000.0;

pub struct Date;

impl Date {
    pub fn now() -> f64 {
        NOW_MS
    }

    pub fn new_0() -> Self {
        Self
    }

    pub fn set_time(&self, _: f64) -> f64 {
        NOW_MS
    }

    pub fn get_full_year(&self) -> u32 {
        2000
    }

    pub fn get_month(&self) -> u32 {
        0
    }

    /// No such date.
    pub fn set_full_year_with_month(&self, _: u32, _: i32) -> f64 {
        f64::NAN
    }
}
