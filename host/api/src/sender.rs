//! From where a request comes: the peer of its connection, or behind a proxy the address that this one says it has it from. Nothing else is
//! read off a request's own words. What is good from which address is the domain's business.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{Extensions, HeaderMap};

use crate::connections::group;
use crate::document::{Operation, Part};

/// Each proxy on the way adds the address that it has the request from at the end.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Whoever sent a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sender {
    /// The peer, as far as addresses tell peers apart; none behind a proxy, which connects for everybody.
    pub peer: Option<IpAddr>,
    /// The address itself, if it is known. Within the process nobody has one.
    pub address: Option<IpAddr>,
}

impl Sender {
    /// Of a request that came on a connection from there.
    pub fn of(connected: IpAddr, headers: &HeaderMap, behind_proxy: bool) -> Self {
        match behind_proxy {
            true => Self { peer: None, address: forwarded_for(headers) },
            false => Self { peer: Some(group(connected)), address: Some(connected) },
        }
    }

    /// As it was noted where the request came in.
    pub fn noted(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or_default()
    }
}

/// What the proxy added itself: the last address of the last field. Whatever stands before it is what somebody said to the proxy.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

impl<S: Sync> FromRequestParts<S> for Sender {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::noted(&parts.extensions))
    }
}

impl Part for Sender {
    fn describe(_: &mut Operation<'_>) {}
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(fields: &[&str]) -> HeaderMap {
        let name = HeaderName::from_static(FORWARDED_FOR);
        fields.iter().map(|value| (name.clone(), HeaderValue::from_str(value).expect("a value"))).collect()
    }

    #[test]
    fn behind_a_proxy_the_last_address_is_the_senders_and_nothing_before_it() {
        let proxy = IpAddr::from([127, 0, 0, 1]);
        for (fields, expected) in [
            (&["10.0.0.1"][..], Some("10.0.0.1")),
            (&["10.0.0.1, 203.0.113.9"], Some("203.0.113.9")),
            (&["10.0.0.1,203.0.113.9 "], Some("203.0.113.9")),
            (&["10.0.0.1", "203.0.113.9"], Some("203.0.113.9")),
            (&["203.0.113.9", "x, 10.0.0.1"], Some("10.0.0.1")),
            (&["2001:db8::1"], Some("2001:db8::1")),
            (&["::ffff:10.0.0.1"], Some("::ffff:10.0.0.1")),
            // Nobody goes back to what stands before.
            (&["10.0.0.1, unknown"], None),
            (&["10.0.0.1,"], None),
            (&["10.0.0.1", ""], None),
            (&["10.0.0.1", "_hidden"], None),
            (&["10.0.0.1:80"], None),
            (&["[2001:db8::1]"], None),
            (&["10.0.0.1 203.0.113.9"], None),
            (&[], None),
        ] {
            let sender = Sender::of(proxy, &headers(fields), true);
            let expected = expected.map(|text| text.parse().expect("an address"));
            assert_eq!((sender.peer, sender.address), (None, expected), "{fields:?}");
        }
        let mut unreadable = headers(&["10.0.0.1"]);
        unreadable.append(FORWARDED_FOR, HeaderValue::from_bytes(b"10.0.0.1\xff").expect("a value"));
        assert_eq!(Sender::of(proxy, &unreadable, true).address, None);
    }

    #[test]
    fn without_a_proxy_nothing_is_believed_but_the_connection() {
        let connected: IpAddr = "2001:db8::1:2:3:4".parse().expect("an address");
        let sender = Sender::of(connected, &headers(&["10.0.0.1"]), false);
        assert_eq!(sender.address, Some(connected));
        assert_eq!(sender.peer, "2001:db8::".parse().ok(), "an IPv6 network of 64 bits is one peer");
    }
}
