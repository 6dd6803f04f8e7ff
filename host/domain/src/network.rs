//! Networks of IPv4 and IPv6 as CIDR writes them (RFC 4632 §3.1, RFC 4291 §2.3). Who is bound to which is in `bounds`; which addresses
//! guests may connect to is in `egress`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr as _;

/// Bits before the IPv4 address in one of IPv6 that stands for it (RFC 4291 §2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    /// Its first address: no bit beyond the prefix is set.
    first: IpAddr,
    prefix_bits: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetwork {
    #[error(
        "must be an address of IPv4 or IPv6, or one with the length of a prefix, such as `10.0.0.0/8` or `2001:db8::/32`"
    )]
    Form,
    #[error("the prefix must be of 0 to {at_most} bits")]
    Prefix { at_most: u8 },
    #[error("the address has bits beyond the prefix: `{meant}` is probably meant")]
    Beyond { meant: Network },
}

impl Network {
    /// An address alone is a network of one. What stands for addresses of IPv4 is read as a network of IPv4.
    pub fn parse(raw: &str) -> Result<Self, InvalidNetwork> {
        let (address, prefix) = match raw.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (raw, None),
        };
        let address = IpAddr::from_str(address).map_err(|_| InvalidNetwork::Form)?;
        let at_most = width(address);
        let prefix_bits = prefix.map_or(Ok(at_most), |prefix| bits(prefix, at_most))?;
        let network = Self::around(address, prefix_bits);
        if network.first != address {
            return Err(InvalidNetwork::Beyond { meant: network.canonical() });
        }
        Ok(network.canonical())
    }

    /// The network of so many bits that this address is in.
    fn around(address: IpAddr, prefix_bits: u8) -> Self {
        let first = match address {
            IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & mask_v4(prefix_bits)).into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & mask_v6(prefix_bits)).into(),
        };
        Self { first, prefix_bits }
    }

    fn canonical(self) -> Self {
        match (self.first.to_canonical(), self.prefix_bits.checked_sub(MAPPED_BITS)) {
            (IpAddr::V4(first), Some(prefix_bits)) if self.first.is_ipv6() => Self { first: first.into(), prefix_bits },
            _ => self,
        }
    }

    /// An address of IPv4 that came as one of IPv6 is one of IPv4.
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && Self::around(address, self.prefix_bits).first == self.first
    }

    /// Whether it has every address that the other one has.
    pub fn covers(&self, other: &Self) -> bool {
        self.prefix_bits <= other.prefix_bits && self.has(other.first)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix_bits)
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// A prefix's length, in its one spelling.
fn bits(raw: &str, at_most: u8) -> Result<u8, InvalidNetwork> {
    let is_number = !raw.is_empty() && raw.bytes().all(|b| b.is_ascii_digit()) && (raw == "0" || !raw.starts_with('0'));
    if !is_number {
        return Err(InvalidNetwork::Form);
    }
    raw.parse().ok().filter(|bits| *bits <= at_most).ok_or(InvalidNetwork::Prefix { at_most })
}

fn mask_v4(prefix_bits: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix_bits)).unwrap_or(0)
}

fn mask_v6(prefix_bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix_bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(raw: &str) -> Network {
        Network::parse(raw).unwrap_or_else(|error| panic!("{raw}: {error}"))
    }

    #[test]
    fn networks_are_written_in_one_way() {
        for (raw, written) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3", "10.1.2.3/32"),
            ("10.1.2.3/32", "10.1.2.3/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("192.168.128.0/17", "192.168.128.0/17"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("2001:db8:0:0:0:0:0:1", "2001:db8::1/128"),
            ("::/0", "::/0"),
            ("::1", "::1/128"),
            // Peers that come like that are compared as what they are.
            ("::ffff:10.1.2.3", "10.1.2.3/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:0.0.0.0/96", "0.0.0.0/0"),
        ] {
            assert_eq!(network(raw).to_string(), written, "{raw}");
            assert_eq!(network(written), network(raw));
        }
    }

    #[test]
    fn what_is_no_network_is_refused_and_said_why() {
        for raw in [
            "",
            "/",
            "/8",
            "10.0.0.0/",
            "10.0.0/8",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "10.0.0.0/ 8",
            " 10.0.0.0/8",
            "10.0.0.0/8/8",
            "010.0.0.0/8",
            "10.0.0.0/255.0.0.0",
            "host/8",
            "*",
            "[::1]",
            "fe80::1%eth0",
            "10.0.0.1:80",
        ] {
            assert_eq!(Network::parse(raw), Err(InvalidNetwork::Form), "{raw}");
        }
        for (raw, at_most) in
            [("10.0.0.0/33", 32), ("10.0.0.0/256", 32), ("::/129", 128), ("::/99999999999999999999", 128)]
        {
            assert_eq!(Network::parse(raw), Err(InvalidNetwork::Prefix { at_most }), "{raw}");
        }
        for (raw, meant) in [
            ("10.0.0.1/8", "10.0.0.0/8"),
            ("192.168.1.0/23", "192.168.0.0/23"),
            ("1.2.3.4/0", "0.0.0.0/0"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::ffff:10.0.0.1/104", "10.0.0.0/8"),
        ] {
            let error = Network::parse(raw).expect_err(raw);
            assert_eq!(error, InvalidNetwork::Beyond { meant: network(meant) });
            assert!(error.to_string().contains(&format!("`{meant}`")), "{error}");
        }
    }

    #[test]
    fn networks_have_addresses_and_cover_each_other() {
        for (own, address, has) in [
            ("10.0.0.0/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("10.0.0.0/8", "::10.1.2.3", false),
            ("192.168.128.0/17", "192.168.127.255", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.2", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "10.0.0.1", false),
            ("::/0", "::ffff:10.0.0.1", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("2001:db8::1", "2001:db8::1", true),
            ("2001:db8::1", "2001:db8::2", false),
        ] {
            assert_eq!(network(own).has(address.parse().expect("an address")), has, "{own} {address}");
        }
        for (own, other, covers) in [
            ("10.0.0.0/8", "10.0.0.0/8", true),
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.1.0.0/16", "10.0.0.0/8", false),
            ("10.0.0.0/8", "11.0.0.0/16", false),
            ("0.0.0.0/0", "::/0", false),
            ("::/0", "0.0.0.0/0", false),
            ("::/0", "2001:db8::/32", true),
            ("0.0.0.0/0", "10.1.2.3", true),
        ] {
            assert_eq!(network(own).covers(&network(other)), covers, "{own} {other}");
        }
    }
}
