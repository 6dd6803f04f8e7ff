//! Which addresses are globally routable: the table of IANA's special-purpose registries, read so that whatever is in doubt is not.
//! Who connects where is the runtime's business.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Blocks of IPv4 that are not for everyone's use: address and length of the prefix. IANA IPv4 Special-Purpose Address Registry, with
/// 224.0.0.0/4 (RFC 5771), and without the blocks that are globally reachable (AS112, AMT).
const NOT_GLOBAL_V4: [(Ipv4Addr, u32); 15] = [
    // "This network" (RFC 791 §3.2); Linux connects 0.0.0.0 to itself.
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    // Private use (RFC 1918).
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Behind a carrier's NAT (RFC 6598).
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // Loopback (RFC 1122 §3.2.1.3).
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local (RFC 3927), where clouds keep their metadata services.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // IETF protocol assignments (RFC 6890), the few anycast addresses in it included.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation (RFC 5737).
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Relays of 6to4 (RFC 7526: deprecated).
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    // Benchmarking (RFC 2544).
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Multicast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved (RFC 1112 §4), with the limited broadcast address.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The one block of IPv6 that global unicast addresses are given out of (RFC 4291 §2.4, IANA's address space registry). Outside are
/// `::`, `::1`, IPv4-compatible addresses, discard-only, segment routing, unique local, link-local, site-local and multicast.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What of it is not for everyone's use: IANA IPv6 Special-Purpose Address Registry.
const NOT_GLOBAL_V6: [(Ipv6Addr, u32); 4] = [
    // IETF protocol assignments (RFC 2928): Teredo, benchmarking, ORCHID and others, the anycast addresses in it included.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation (RFC 3849, RFC 9637).
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    // 6to4 (RFC 3056): a relay would send on to whatever IPv4 address is inside.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
];

/// The well-known prefix under which a NAT64 sends on to the IPv4 address in the last 32 bits (RFC 6052 §2.1).
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether packets to this address go out to the internet at large, and nowhere that only this host or its network can reach.
/// Addresses that stand for an IPv4 address are judged by that one, or refused.
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    !NOT_GLOBAL_V4.iter().any(|(prefix, length)| (address.to_bits() ^ prefix.to_bits()) >> (32 - length) == 0)
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    let within = |(prefix, length): &(Ipv6Addr, u32)| (address.to_bits() ^ prefix.to_bits()) >> (128 - length) == 0;
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_global_v4(mapped);
    }
    if within(&NAT64) {
        let [.., a, b, c, d] = address.octets();
        return is_global_v4(Ipv4Addr::new(a, b, c, d));
    }
    within(&GLOBAL_V6) && !NOT_GLOBAL_V6.iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: bool, addresses: &[&str]) {
        for text in addresses {
            let address: IpAddr = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(is_global(address), expected, "{text}");
        }
    }

    /// The first and last address of every special block, and its neighbours, which are ordinary unless they are in another block.
    #[test]
    fn every_block_begins_and_ends_where_the_registry_says() {
        for (inside, before, after) in [
            (["0.0.0.0", "0.255.255.255"], None, Some("1.0.0.0")),
            (["10.0.0.0", "10.255.255.255"], Some("9.255.255.255"), Some("11.0.0.0")),
            (["100.64.0.0", "100.127.255.255"], Some("100.63.255.255"), Some("100.128.0.0")),
            (["127.0.0.0", "127.255.255.255"], Some("126.255.255.255"), Some("128.0.0.0")),
            (["169.254.0.0", "169.254.255.255"], Some("169.253.255.255"), Some("169.255.0.0")),
            (["172.16.0.0", "172.31.255.255"], Some("172.15.255.255"), Some("172.32.0.0")),
            (["192.0.0.0", "192.0.0.255"], Some("191.255.255.255"), Some("192.0.1.0")),
            (["192.0.2.0", "192.0.2.255"], Some("192.0.1.255"), Some("192.0.3.0")),
            (["192.88.99.0", "192.88.99.255"], Some("192.88.98.255"), Some("192.88.100.0")),
            (["192.168.0.0", "192.168.255.255"], Some("192.167.255.255"), Some("192.169.0.0")),
            (["198.18.0.0", "198.19.255.255"], Some("198.17.255.255"), Some("198.20.0.0")),
            (["198.51.100.0", "198.51.100.255"], Some("198.51.99.255"), Some("198.51.101.0")),
            (["203.0.113.0", "203.0.113.255"], Some("203.0.112.255"), Some("203.0.114.0")),
            (["224.0.0.0", "239.255.255.255"], Some("223.255.255.255"), None),
            (["240.0.0.0", "255.255.255.255"], None, None),
            (["2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"], Some("2000:ffff::1"), Some("2001:200::")),
            (["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"], Some("2001:db7:ffff::"), Some("2001:db9::")),
            (["2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], Some("2001:ffff::"), Some("2003::")),
            (["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"], Some("3ffe:ffff::"), Some("3fff:1000::")),
        ] {
            check(false, &inside);
            check(true, before.as_slice());
            check(true, after.as_slice());
        }
    }

    #[test]
    fn ordinary_addresses_are_global() {
        check(true, &["1.1.1.1", "8.8.8.8", "93.184.215.14", "192.31.196.1", "192.52.193.1", "192.175.48.1"]);
        check(true, &["2606:4700::1111", "2a00:1450:4001::1", "2620:4f:8000::1", "2400::", "3ffe::1"]);
    }

    #[test]
    fn what_is_outside_global_unicast_is_not() {
        check(false, &["::", "::1", "::2", "100::1", "100:0:0:1::1", "1fff::1", "4000::1", "5f00::1"]);
        check(false, &["fc00::1", "fd00::1", "fd00:ec2::254", "fdff::", "fe80::1", "febf::1", "fec0::1"]);
        check(false, &["ff00::", "ff02::1", "ff0e::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]);
        check(false, &["2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:30::1"]);
    }

    #[test]
    fn an_address_inside_an_address_counts() {
        check(true, &["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]);
        let private = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1", "0.0.0.0", "224.0.0.1"];
        for address in private {
            for around in ["::ffff:", "64:ff9b::", "::", "::ffff:0:"] {
                check(false, &[&format!("{around}{address}")]);
            }
        }
        // Prefixes of which nobody can say where a translator sends them, and tunnels, whatever is inside.
        check(false, &["::8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b:1::8.8.8.8", "64:ff9b:1:ffff::8.8.8.8"]);
        check(false, &["64:ff9b:0:0:0:1:808:808", "64:ff9a:ffff::8.8.8.8", "2002:808:808::1", "2002:7f00:1::1"]);
        check(false, &["2001:0:808:808::f7f7:f7f7", "2001:0:7f00:1::1"]);
    }

    /// The table against another reading of the same rules: what the standard library knows of IPv4.
    #[test]
    fn the_standard_library_agrees_about_every_block_of_256_addresses() {
        for high in 0..1_u32 << 24 {
            for low in [0, 1, 254, 255] {
                let address = Ipv4Addr::from_bits(high << 8 | low);
                let [a, b, c, _] = address.octets();
                let special = a == 0
                    || address.is_private()
                    || address.is_loopback()
                    || address.is_link_local()
                    || address.is_documentation()
                    || address.is_multicast()
                    || address.is_broadcast()
                    || a >= 240
                    || (a == 100 && b & 0xC0 == 64)
                    || (a == 198 && b & 0xFE == 18)
                    || matches!((a, b, c), (192, 0, 0) | (192, 88, 99));
                assert_eq!(is_global_v4(address), !special, "{address}");
            }
        }
    }
}
