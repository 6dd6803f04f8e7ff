//! The trace that a request belongs to, by what its caller says of it (W3C Trace Context). A host passes on what it was sent and notes the
//! trace's id beside the request; it makes no traces, and no spans, of its own.

use std::fmt;

use http::HeaderMap;

const TRACEPARENT: &str = "traceparent";

/// Never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(u128);

impl TraceId {
    pub const PATTERN: &'static str = "^[0-9a-f]{32}$";

    pub fn parse(raw: &str) -> Option<Self> {
        let id = hex(raw, 32)?;
        (id != 0).then_some(Self(id))
    }

    /// By the one `traceparent` there is; where it can't be read there is none, as the standard has it.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut fields = headers.get_all(TRACEPARENT).iter();
        let (value, None) = (fields.next()?.to_str().ok()?, fields.next()) else { return None };
        let mut parts = value.split('-');
        let mut part = || parts.next();
        let (version, trace, parent, flags) = (part()?, part()?, part()?, part()?);
        let version = hex(version, 2).filter(|version| *version != 0xff)?;
        let parent = hex(parent, 16)?;
        hex(flags, 2)?;
        // What later versions have more is theirs.
        let is_whole = version != 0 || part().is_none();
        Self::parse(trace).filter(|_| parent != 0 && is_whole)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// So many lower-case digits.
fn hex(raw: &str, digits: usize) -> Option<u128> {
    let well_formed = raw.len() == digits && raw.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    well_formed.then(|| u128::from_str_radix(raw, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, value.parse().expect("a value"));
        }
        TraceId::of(&headers).map(|id| id.to_string())
    }

    #[test]
    fn the_id_is_read_where_the_standard_has_it() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        for good in [
            &format!("00-{id}-00f067aa0ba902b7-01"),
            &format!("00-{id}-00f067aa0ba902b7-ff"),
            // Versions to come may have more.
            &format!("cc-{id}-00f067aa0ba902b7-01"),
            &format!("cc-{id}-00f067aa0ba902b7-01-what-the-future-will-be"),
        ] {
            assert_eq!(of(&[good]).as_deref(), Some(id), "{good}");
        }
        let zeros = "0".repeat(32);
        for bad in [
            "",
            "00",
            id,
            &format!("00-{zeros}-00f067aa0ba902b7-01"),
            &format!("00-{id}-0000000000000000-01"),
            &format!("ff-{id}-00f067aa0ba902b7-01"),
            &format!("00-{id}-00f067aa0ba902b7-01-more"),
            &format!("00-{id}-00f067aa0ba902b7-01-"),
            &format!("00-{id}-00f067aa0ba902b7"),
            &format!("0-{id}-00f067aa0ba902b7-01"),
            &format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()),
            &format!("00-{}-00f067aa0ba902b7-01", &id[1..]),
            &format!("00-+{}-00f067aa0ba902b7-01", &id[1..]),
            &format!("00-{id}-00f067aa0ba902bé-01"),
        ] {
            assert_eq!(of(&[bad]), None, "{bad}");
        }
        let good = format!("00-{id}-00f067aa0ba902b7-01");
        assert_eq!(of(&[&good, &good]), None, "which one it is nobody can say");
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn ids_are_written_as_they_are_read() {
        let id = "00000000000000000000000000000001";
        assert_eq!(TraceId::parse(id).map(|id| id.to_string()).as_deref(), Some(id));
        assert!(TraceId::parse(&"0".repeat(32)).is_none() && TraceId::parse("1").is_none());
    }
}
