//! Which connections a listener has, from whom, and which of them goes when there is no place for another: of the peer with the most, the
//! one that has gone longest without a request, or without more of the one it began. What is said on a connection is hyper's business.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;

/// Who has just come, or has just been answered, is not slow.
const PROMPT: Duration = Duration::from_secs(1);
/// What part of the connections looked through goes at once: looking through all of them for each newcomer would be a way to keep the host
/// busy.
const SHED_PART: usize = 64;

/// The connections of one listener.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

struct Shared {
    at_most: usize,
    /// 0: as many as there are.
    at_most_of_one: usize,
    began: Instant,
    // Held for a few steps when a connection comes or goes; while connections are looked through when there are too many.
    open: Mutex<Open>,
    freed: Notify,
}

#[derive(Default)]
struct Open {
    count: usize,
    next: u64,
    of: HashMap<IpAddr, HashMap<u64, Arc<Standing>>>,
}

/// How one connection stands.
struct Standing {
    /// Milliseconds after the listener's beginning, plus one, since when there has been no request; 0 while there is one.
    waiting_since: AtomicU64,
    /// The same, since when more of a request's body is waited for; 0 while none is.
    unheard_since: AtomicU64,
    shed: Notify,
}

impl Standing {
    /// Since when its client has owed something; 0 where it does not.
    fn slow_since(&self) -> u64 {
        match self.waiting_since.load(Ordering::Acquire) {
            0 => self.unheard_since.load(Ordering::Acquire),
            since => since,
        }
    }
}

/// A connection's place. It is free again when this is gone.
pub struct Place {
    connections: Connections,
    address: IpAddr,
    peer: IpAddr,
    number: u64,
    standing: Arc<Standing>,
}

/// A request that came on a connection and is being answered, until this is gone.
pub struct Busy {
    connections: Connections,
    standing: Arc<Standing>,
}

/// Its peer has as many connections as one may have.
#[derive(Debug)]
pub struct TooMany;

impl Connections {
    pub fn new(at_most: usize, at_most_of_one: usize) -> Self {
        let (began, open, freed) = (Instant::now(), Mutex::default(), Notify::new());
        Self(Arc::new(Shared { at_most: at_most.max(1), at_most_of_one, began, open, freed }))
    }

    /// A place for a connection of this peer's, which may have to wait until another one is gone.
    pub async fn enter(&self, peer: SocketAddr) -> Result<Place, TooMany> {
        let address = peer.ip();
        let peer = group(address);
        loop {
            let freed = self.0.freed.notified();
            {
                let mut open = self.open();
                let own = open.of.get(&peer).map_or(0, HashMap::len);
                if self.0.at_most_of_one != 0 && own >= self.0.at_most_of_one {
                    let slow = open.of.get(&peer).into_iter().flat_map(HashMap::values);
                    // The slow one is on its way out; its peer is not given its place before it is gone.
                    self.shed(slow.map(|standing| (0, standing)));
                    return Err(TooMany);
                }
                if open.count < self.0.at_most {
                    return Ok(self.place(&mut open, address));
                }
                self.shed_any(&open);
            }
            // Looked at again now and then: who was not slow yet may be by now.
            let _ = tokio::time::timeout(PROMPT, freed).await;
        }
    }

    /// Lets some of the slow ones go, for want of something else than places.
    pub fn relieve(&self) {
        self.shed_any(&self.open());
    }

    fn shed_any(&self, open: &Open) {
        let all = open.of.values().flat_map(|own| own.values().map(|standing| (own.len(), standing)));
        self.shed(all);
    }

    /// Tells the slow ones to go: first those of the peer with the most, of these those that have waited longest.
    fn shed<'s>(&self, among: impl Iterator<Item = (usize, &'s Arc<Standing>)>) {
        let now = self.now();
        let prompt = u64::try_from(PROMPT.as_millis()).unwrap_or(u64::MAX);
        let mut looked_at = 0;
        let mut slow: Vec<_> = among
            .inspect(|_| looked_at += 1)
            .map(|(own, standing)| (Reverse(own), standing.slow_since(), standing))
            .filter(|(_, since, _)| *since != 0 && now.saturating_sub(*since) >= prompt)
            .collect();
        let go = (looked_at / SHED_PART).max(1);
        if slow.len() > go {
            slow.select_nth_unstable_by_key(go - 1, |(own, since, _)| (*own, *since));
            slow.truncate(go);
        }
        slow.iter().for_each(|(_, _, standing)| standing.shed.notify_one());
    }

    fn place(&self, open: &mut Open, address: IpAddr) -> Place {
        let peer = group(address);
        let (waiting_since, unheard_since) = (AtomicU64::new(self.now()), AtomicU64::new(0));
        let standing = Arc::new(Standing { waiting_since, unheard_since, shed: Notify::new() });
        open.count += 1;
        open.next += 1;
        let number = open.next;
        open.of.entry(peer).or_default().insert(number, standing.clone());
        Place { connections: self.clone(), address, peer, number, standing }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }
}

impl Place {
    /// Returns when the connection is to go. Never while a request that is there is being answered.
    pub async fn shed(&self) {
        loop {
            self.standing.shed.notified().await;
            if self.standing.slow_since() != 0 {
                return;
            }
        }
    }

    /// Of whoever is at the other end.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// For each request that comes on this connection.
    pub fn attendant(&self) -> Attendant {
        Attendant { connections: self.connections.clone(), standing: self.standing.clone() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        open.count -= 1;
        if let Some(own) = open.of.get_mut(&self.peer) {
            own.remove(&self.number);
            if own.is_empty() {
                open.of.remove(&self.peer);
            }
        }
        drop(open);
        self.connections.0.freed.notify_one();
    }
}

/// Notes which requests a connection has.
#[derive(Clone)]
pub struct Attendant {
    connections: Connections,
    standing: Arc<Standing>,
}

impl Attendant {
    pub fn busy(&self) -> Busy {
        self.standing.waiting_since.store(0, Ordering::Release);
        Busy { connections: self.connections.clone(), standing: self.standing.clone() }
    }

    /// A request's body, of which it is noted how long the next piece is waited for.
    pub fn heard<B>(&self, body: B) -> Heard<B> {
        Heard { body, attendant: self.clone() }
    }
}

/// A request's body as it comes.
pub struct Heard<B> {
    body: B,
    attendant: Attendant,
}

impl<B: Body + Unpin> Body for Heard<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let since = &self.attendant.standing.unheard_since;
        match polled {
            Poll::Ready(_) => since.store(0, Ordering::Release),
            Poll::Pending if since.load(Ordering::Relaxed) == 0 => {
                since.store(self.attendant.connections.now(), Ordering::Release);
            }
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Heard<B> {
    fn drop(&mut self) {
        self.attendant.standing.unheard_since.store(0, Ordering::Release);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.standing.waiting_since.store(self.connections.now(), Ordering::Release);
    }
}

/// Whom an address stands for: whoever has one IPv6 address mostly has all of its /64.
pub fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(n: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, n], 1))
    }

    /// As if it had waited for that long.
    fn has_waited(place: &Place, seconds: u64) {
        let since = place.connections.now().saturating_sub(seconds * 1_000).max(1);
        place.standing.waiting_since.store(since, Ordering::Relaxed);
    }

    /// Those of a listener that has been there for ten minutes.
    fn connections(at_most: usize, at_most_of_one: usize) -> Connections {
        let began = Instant::now().checked_sub(Duration::from_secs(600)).expect("the machine runs for longer");
        let (open, freed) = (Mutex::default(), Notify::new());
        Connections(Arc::new(Shared { at_most, at_most_of_one, began, open, freed }))
    }

    async fn is_shed(place: &Place) -> bool {
        tokio::time::timeout(Duration::from_millis(20), place.shed()).await.is_ok()
    }

    #[tokio::test]
    async fn a_peer_that_has_all_it_may_have_loses_its_slowest() {
        let all = connections(100, 3);
        let mut own = Vec::new();
        for age in [5, 60, 0] {
            let place = all.enter(peer(1)).await.expect("a place");
            has_waited(&place, age);
            own.push(place);
        }
        assert!(all.enter(peer(1)).await.is_err());
        assert!(!is_shed(&own[0]).await && !is_shed(&own[2]).await && is_shed(&own[1]).await);
        own.remove(1);
        let again = all.enter(peer(1)).await.expect("its place is free");
        // None of them is slow: nobody goes.
        own.iter().for_each(|place| has_waited(place, 0));
        assert!(all.enter(peer(1)).await.is_err() && !is_shed(&again).await && !is_shed(&own[0]).await);
        all.enter(peer(2)).await.expect("others have their own");
    }

    #[tokio::test]
    async fn a_full_listener_loses_the_slowest_of_whoever_has_the_most() {
        let all = connections(4, 0);
        let (quiet, mut hogs) = (all.enter(peer(1)).await.expect("a place"), Vec::new());
        has_waited(&quiet, 500);
        for age in [20, 30, 10] {
            let place = all.enter(peer(2)).await.expect("a place");
            has_waited(&place, age);
            hogs.push(place);
        }
        let entering = tokio::spawn({
            let all = all.clone();
            async move { all.enter(peer(3)).await.is_ok() }
        });
        hogs[1].shed().await;
        assert!(!is_shed(&quiet).await && !is_shed(&hogs[0]).await);
        hogs.remove(1);
        assert!(entering.await.expect("no panic"));
    }

    #[tokio::test]
    async fn who_is_being_answered_stays() {
        let all = connections(1, 0);
        let place = all.enter(peer(1)).await.expect("a place");
        let busy = place.attendant().busy();
        let entering = all.enter(peer(2));
        assert!(tokio::time::timeout(Duration::from_millis(50), entering).await.is_err());
        assert!(!is_shed(&place).await);
        drop(busy);
        has_waited(&place, 2);
        all.relieve();
        assert!(is_shed(&place).await);
        drop(place);
        all.enter(peer(2)).await.expect("a place");
    }

    #[test]
    fn a_network_of_one_counts_as_one() {
        for (a, b, same) in [
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("2001:db8::1", "2001:db8::ffff:1", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            let [a, b]: [IpAddr; 2] = [a, b].map(|address| address.parse().expect("an address"));
            assert_eq!(group(a) == group(b), same, "{a} {b}");
        }
    }
}
