//! How long an answer to a wrong credential is kept back from whoever has been giving many of them. Nobody is locked out: what is right is
//! answered at once, whatever came from the same address before.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Wrong credentials from one address that cost nothing.
const FREE: u32 = 20;
/// For the first one more; twice as long for each further one.
const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);
/// Without another wrong one, an address begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);
/// Addresses remembered.
const MOST: usize = 10_000;

/// From where wrong credentials came.
#[derive(Default)]
pub struct Guesses(Mutex<HashMap<IpAddr, Wrong>>);

struct Wrong {
    times: u32,
    last: Instant,
}

impl Guesses {
    /// Another one came from there: for how long the answer is to be kept back.
    pub fn wrong(&self, from: IpAddr) -> Duration {
        let now = Instant::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(&from) {
            all.retain(|_, wrong| now - wrong.last < FORGOTTEN_AFTER);
            // As many attack at once: each is slow by itself already.
            if all.len() >= MOST {
                all.clear();
            }
        }
        let wrong = all.entry(from).or_insert(Wrong { times: 0, last: now });
        if now - wrong.last >= FORGOTTEN_AFTER {
            wrong.times = 0;
        }
        wrong.times = wrong.times.saturating_add(1);
        wrong.last = now;
        match wrong.times.saturating_sub(FREE) {
            0 => Duration::ZERO,
            over => FIRST.saturating_mul(1 << (over - 1).min(20)).min(LONGEST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    #[tokio::test(start_paused = true)]
    async fn the_more_wrong_ones_come_the_longer_each_takes_and_it_is_forgotten() {
        let all = Guesses::default();
        for _ in 0..FREE {
            assert_eq!(all.wrong(address(1)), Duration::ZERO);
        }
        let more: Vec<_> = (0..9).map(|_| all.wrong(address(1)).as_millis()).collect();
        assert_eq!(more, [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000]);
        assert_eq!(all.wrong(address(2)), Duration::ZERO, "others are not kept waiting");
        tokio::time::advance(FORGOTTEN_AFTER).await;
        assert_eq!(all.wrong(address(1)), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_million_addresses_take_no_more_room_than_some() {
        let all = Guesses::default();
        (0..100_000).for_each(|n| _ = all.wrong(address(n)));
        assert!(all.0.lock().expect("whole").len() <= MOST);
    }
}
