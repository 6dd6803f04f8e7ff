//! How often a request has passed through a host like this one, counted in the `CDN-Loop` field (RFC 8586): a function that fetches
//! itself, directly or around corners, comes to an end.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The field that carries the count.
pub const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");

/// Hops after which a request is not answered any more.
pub const MAX_HOPS: u32 = 8;

const NAME: &str = "isolet";

/// Hops of the request that came with these fields. Other networks' entries do not count.
pub fn hops(headers: &HeaderMap) -> u32 {
    let entries = headers.get_all(CDN_LOOP).iter().filter_map(|value| value.to_str().ok());
    entries.flat_map(|value| value.split(',')).filter_map(of_entry).fold(0, u32::saturating_add)
}

fn of_entry(entry: &str) -> Option<u32> {
    let mut parts = entry.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(NAME) {
        return None;
    }
    // An entry without a count, or with one that makes no sense, is still a hop.
    let count = parts.find_map(|part| part.strip_prefix("hops=")?.parse().ok());
    Some(count.unwrap_or(1).max(1))
}

/// What a request carries that is sent while one with so many hops is answered.
pub fn next_hop(hops: u32) -> HeaderValue {
    let value = format!("{NAME}; hops={}", hops.saturating_add(1));
    HeaderValue::try_from(value).expect("letters, digits and signs that a field may have")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_are_counted_whatever_others_add() {
        let hops_of = |values: &[&str]| {
            let pairs = values.iter().map(|value| (CDN_LOOP, HeaderValue::from_str(value).expect("a value")));
            hops(&pairs.collect::<Vec<_>>().into_iter().fold(HeaderMap::new(), |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            }))
        };
        assert_eq!(hops_of(&[]), 0);
        assert_eq!(hops_of(&["other; hops=7, isolet-not; hops=7"]), 0);
        assert_eq!(hops_of(&["other, Isolet ;x=1; hops=2", "isolet"]), 3);
        assert_eq!(hops_of(&["isolet; hops=-1, isolet; hops=0, isolet; hops=99999999999"]), 3);
        assert_eq!(hops_of(&["isolet; hops=4294967295, isolet"]), u32::MAX);
        let sent = next_hop(4);
        assert_eq!(hops_of(&[sent.to_str().expect("text")]), 5);
    }
}
