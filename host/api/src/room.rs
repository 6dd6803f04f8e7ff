//! Room for request bodies that are read whole: how many bytes of them there may be at one time, of one tenant's callers and of all, and
//! whose gives way where there is no more. What is in them is read in `strict_json`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Extensions;
use isolet_domain::ids::TenantId;
use tokio::sync::Notify;

/// What of all room one tenant's callers may have.
const SHARES: usize = 4;

/// Who sends it, once that is known: none is the operator, who needs no bound.
#[derive(Clone, Copy)]
pub struct Sends(pub Option<TenantId>);

/// There is no room for more.
#[derive(Debug)]
pub struct NoRoom;

/// Bytes of a body that need none: most requests take no part in this.
pub const FREE: usize = 16 << 10;

/// All bodies that are being read and are longer than that.
pub struct Rooms(Arc<Mutex<Held>>);

/// Whose bytes are counted together; none: nobody's who is known.
type Whose = Option<TenantId>;

struct Held {
    /// What there is for all tenants together.
    bytes: usize,
    next: u64,
    bodies: HashMap<u64, Body>,
    /// Sums of those.
    of_one: HashMap<Whose, usize>,
    of_all: usize,
}

struct Body {
    of: Whose,
    bytes: usize,
    gives_way: Arc<Notify>,
}

/// One body's bytes, given back when dropped.
pub struct Room {
    rooms: Arc<Mutex<Held>>,
    body: u64,
    gives_way: Arc<Notify>,
}

/// The room of a body that was read and is handed on with its request; taken by who reads it again.
#[derive(Clone)]
pub struct Kept(Arc<Mutex<Option<Room>>>);

impl Kept {
    pub fn new(room: Option<Room>) -> Self {
        Self(Arc::new(Mutex::new(room)))
    }

    pub fn take(&self) -> Option<Room> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Rooms {
    pub fn new(bytes: usize) -> Self {
        let (bodies, of_one) = (HashMap::new(), HashMap::new());
        Self(Arc::new(Mutex::new(Held { bytes, next: 0, bodies, of_one, of_all: 0 })))
    }

    /// For the body of a request with these; none for an operator's.
    pub fn enter(&self, extensions: &Extensions) -> Option<Room> {
        let of = match extensions.get() {
            Some(Sends(None)) => return None,
            Some(Sends(tenant)) => *tenant,
            None => None,
        };
        let gives_way = Arc::<Notify>::default();
        let mut held = lock(&self.0);
        held.next += 1;
        let body = held.next;
        held.bodies.insert(body, Body { of, bytes: 0, gives_way: gives_way.clone() });
        Some(Room { rooms: self.0.clone(), body, gives_way })
    }
}

impl Room {
    /// Takes room for so many bytes more. Where all is taken, the largest body of whoever has the most gives way to who has less.
    pub fn take(&self, bytes: usize) -> Result<(), NoRoom> {
        lock(&self.rooms).take(self.body, bytes)
    }

    /// Comes back when it has to give way.
    pub async fn gives_way(&self) {
        self.gives_way.notified().await;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        lock(&self.rooms).remove(self.body);
    }
}

impl Held {
    fn take(&mut self, id: u64, bytes: usize) -> Result<(), NoRoom> {
        // It may have given way.
        let of = self.bodies.get(&id).ok_or(NoRoom)?.of;
        let own = self.of_one.get(&of).map_or(bytes, |held| held + bytes);
        if own > self.bytes / SHARES {
            return Err(NoRoom);
        }
        while self.of_all + bytes > self.bytes {
            let (most, held) = self.of_one.iter().max_by_key(|(_, held)| **held).ok_or(NoRoom)?;
            if *held <= own {
                return Err(NoRoom);
            }
            let theirs = self.bodies.iter().filter(|(_, body)| body.of == *most);
            let (largest, _) = theirs.max_by_key(|(_, body)| body.bytes).ok_or(NoRoom)?;
            if let Some(body) = self.remove(*largest) {
                body.gives_way.notify_one();
            }
        }
        self.bodies.get_mut(&id).ok_or(NoRoom)?.bytes += bytes;
        self.of_one.insert(of, own);
        self.of_all += bytes;
        Ok(())
    }

    fn remove(&mut self, id: u64) -> Option<Body> {
        let body = self.bodies.remove(&id)?;
        self.of_all -= body.bytes;
        if let Some(held) = self.of_one.get_mut(&body.of) {
            *held -= body.bytes;
            if *held == 0 {
                self.of_one.remove(&body.of);
            }
        }
        Some(body)
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_ALL: usize = 1 << 20;
    const OF_ONE: usize = OF_ALL / SHARES;

    fn enter(rooms: &Rooms, sends: Option<TenantId>) -> Room {
        let mut extensions = Extensions::new();
        extensions.insert(Sends(sends));
        rooms.enter(&extensions).expect("a tenant's is counted")
    }

    #[test]
    fn a_tenant_has_so_much_and_gets_it_back() {
        let rooms = Rooms::new(OF_ALL);
        let acme = Some(TenantId::generate());
        let (first, second) = (enter(&rooms, acme), enter(&rooms, acme));
        first.take(OF_ONE - 1).expect("there is room");
        second.take(1).expect("there is room");
        second.take(1).expect_err("the tenant has none left");
        let unknown = rooms.enter(&Extensions::new()).expect("it is counted");
        unknown.take(OF_ONE).expect("there is room");
        drop(first);
        second.take(OF_ONE - 1).expect("there is room again");
        drop((second, unknown));
        let held = lock(&rooms.0);
        assert_eq!((held.of_all, held.of_one.len(), held.bodies.len()), (0, 0, 0));
        let mut extensions = Extensions::new();
        extensions.insert(Sends(None));
        assert!(rooms.enter(&extensions).is_none(), "an operator's is not counted");
    }

    #[tokio::test]
    async fn who_has_the_most_gives_way_to_who_has_less() {
        let rooms = Rooms::new(OF_ALL);
        let greedy: Vec<_> = (0..SHARES).map(|_| Some(TenantId::generate())).collect();
        let theirs: Vec<_> = greedy.iter().map(|tenant| (enter(&rooms, *tenant), enter(&rooms, *tenant))).collect();
        for (large, small) in &theirs {
            large.take(OF_ONE - 2).expect("there is room");
            small.take(2).expect("there is room");
        }
        let late = enter(&rooms, Some(TenantId::generate()));
        late.take(1).expect("somebody gives way");
        let gave: Vec<_> = theirs.iter().filter(|(large, _)| large.take(0).is_err()).collect();
        assert_eq!(gave.len(), 1, "one of them");
        gave[0].0.gives_way().await;
        gave[0].0.take(1).expect_err("it has given way");
        gave[0].1.take(1).expect("the small one has not");
        // As much as the others is for nobody else to give.
        late.take(OF_ONE - 10).expect("what was given up");
        late.take(9).expect_err("the others have as much");
        assert!(lock(&rooms.0).of_all <= OF_ALL);
    }
}
