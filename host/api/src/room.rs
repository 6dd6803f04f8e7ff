//! Room for request bodies that are read whole: how many bytes of them there may be at one time, of one tenant's callers until they are
//! answered and of all while they arrive, and whose gives way where there is no more. What is in them is read in `strict_json`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Extensions;
use isolet_domain::access::Credential;
use isolet_domain::ids::{KeyId, TenantId};
use tokio::sync::Notify;

/// What of all room one tenant's callers may have.
const SHARES: usize = 4;

/// Who sends it, once that is known. What no tenant sends, but the operator or a backend, has no bound.
#[derive(Clone, Copy)]
pub struct Sends {
    tenant: Option<TenantId>,
    key: Option<KeyId>,
}

impl Sends {
    pub const fn of(credential: &Credential) -> Self {
        Self { tenant: credential.tenant, key: credential.key }
    }
}

/// There is no room for more.
#[derive(Debug)]
pub struct NoRoom;

/// Bytes of a body that need none: most requests take no part in this.
pub const FREE: usize = 16 << 10;

/// All bodies that are there and are longer than that.
pub struct Rooms(Arc<Mutex<Held>>);

/// Whose bytes are counted together; none: nobody's who is known.
type Tenant = Option<TenantId>;
type Whose = (Tenant, Option<KeyId>);

struct Held {
    /// What there is for all tenants together.
    bytes: usize,
    next: u64,
    bodies: HashMap<u64, Body>,
    /// Sums of those.
    of_key: HashMap<Whose, usize>,
    of_tenant: HashMap<Tenant, usize>,
    /// And of those that are still arriving.
    arriving: usize,
}

struct Body {
    of: Whose,
    bytes: usize,
    arrives: bool,
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
        let (bodies, of_key, of_tenant) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self(Arc::new(Mutex::new(Held { bytes, next: 0, bodies, of_key, of_tenant, arriving: 0 })))
    }

    /// For the body of a request with these; none where it has no bound.
    pub fn enter(&self, extensions: &Extensions) -> Option<Room> {
        let of = match extensions.get() {
            Some(Sends { tenant: None, .. }) => return None,
            Some(Sends { tenant, key }) => (*tenant, *key),
            None => (None, None),
        };
        let gives_way = Arc::<Notify>::default();
        let mut held = lock(&self.0);
        held.next += 1;
        let body = held.next;
        held.bodies.insert(body, Body { of, bytes: 0, arrives: true, gives_way: gives_way.clone() });
        Some(Room { rooms: self.0.clone(), body, gives_way })
    }
}

impl Room {
    /// Takes room for so many bytes more. Where all of the tenant's is taken, the largest body that arrives of the key that has the most
    /// gives way to a key that has less; where all there is, that of the tenant that has the most.
    pub fn take(&self, bytes: usize) -> Result<(), NoRoom> {
        lock(&self.rooms).take(self.body, bytes)
    }

    /// It is whole. From here on it gives way to nobody and is its tenant's matter alone, until the request is answered.
    pub fn arrived(&self) -> Result<(), NoRoom> {
        lock(&self.rooms).arrived(self.body)
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
        let own = |held: &Self| (sum(&held.of_key, of) + bytes, sum(&held.of_tenant, of.0) + bytes);
        let most = self.bytes / SHARES;
        while own(self).1 > most {
            let of_key = own(self).0;
            self.make_way(|held, body| {
                let theirs = sum(&held.of_key, body.of);
                (body.of.0 == of.0 && theirs > of_key).then_some(theirs)
            })?;
        }
        while self.arriving + bytes > self.bytes {
            let of_tenant = own(self).1;
            self.make_way(|held, body| Some(sum(&held.of_tenant, body.of.0)).filter(|theirs| *theirs > of_tenant))?;
        }
        let (of_key, of_tenant) = own(self);
        self.bodies.get_mut(&id).ok_or(NoRoom)?.bytes += bytes;
        self.of_key.insert(of, of_key);
        self.of_tenant.insert(of.0, of_tenant);
        self.arriving += bytes;
        Ok(())
    }

    /// The largest body that arrives goes, of those whose owner has the most.
    fn make_way(&mut self, owner_has: impl Fn(&Self, &Body) -> Option<usize>) -> Result<(), NoRoom> {
        let arriving = self.bodies.iter().filter(|(_, body)| body.arrives && body.bytes > 0);
        let ranked = arriving.filter_map(|(id, body)| Some((owner_has(self, body)?, body.bytes, *id)));
        let (_, _, id) = ranked.max().ok_or(NoRoom)?;
        if let Some(body) = self.remove(id) {
            body.gives_way.notify_one();
        }
        Ok(())
    }

    fn arrived(&mut self, id: u64) -> Result<(), NoRoom> {
        let body = self.bodies.get_mut(&id).ok_or(NoRoom)?;
        if body.arrives {
            body.arrives = false;
            self.arriving -= body.bytes;
        }
        Ok(())
    }

    fn remove(&mut self, id: u64) -> Option<Body> {
        let body = self.bodies.remove(&id)?;
        if body.arrives {
            self.arriving -= body.bytes;
        }
        give_back(&mut self.of_key, body.of, body.bytes);
        give_back(&mut self.of_tenant, body.of.0, body.bytes);
        Some(body)
    }
}

fn sum<O: Hash + Eq>(sums: &HashMap<O, usize>, of: O) -> usize {
    sums.get(&of).copied().unwrap_or_default()
}

fn give_back<O: Hash + Eq>(sums: &mut HashMap<O, usize>, of: O, bytes: usize) {
    if let Entry::Occupied(mut held) = sums.entry(of) {
        *held.get_mut() -= bytes;
        if *held.get() == 0 {
            held.remove();
        }
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

    fn enter(rooms: &Rooms, tenant: Option<TenantId>) -> Room {
        enter_with(rooms, Sends { tenant, key: None })
    }

    fn enter_with(rooms: &Rooms, sends: Sends) -> Room {
        let mut extensions = Extensions::new();
        extensions.insert(sends);
        rooms.enter(&extensions).expect("a tenant's is counted")
    }

    fn is_empty(rooms: &Rooms) -> bool {
        let held = lock(&rooms.0);
        held.arriving == 0 && held.bodies.is_empty() && held.of_key.is_empty() && held.of_tenant.is_empty()
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
        assert!(is_empty(&rooms));
        let mut extensions = Extensions::new();
        extensions.insert(Sends { tenant: None, key: Some(KeyId::generate()) });
        assert!(rooms.enter(&extensions).is_none(), "a backend's is not counted");
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
        assert!(lock(&rooms.0).arriving <= OF_ALL);
    }

    #[tokio::test]
    async fn of_one_tenants_keys_who_has_the_most_gives_way() {
        let rooms = Rooms::new(OF_ALL);
        let acme = Some(TenantId::generate());
        let [hog, other] = [(); 2].map(|()| Sends { tenant: acme, key: Some(KeyId::generate()) });
        let (large, small) = (enter_with(&rooms, hog), enter_with(&rooms, hog));
        large.take(OF_ONE - 10).expect("there is room");
        small.take(10).expect("there is room");
        small.take(1).expect_err("nobody gives way to themselves");
        let late = enter_with(&rooms, other);
        late.take(OF_ONE / 2).expect("the other key's gives way");
        large.gives_way().await;
        small.take(0).expect("the small one has not");
        late.take(OF_ONE / 2 - 10).expect("what was given up");
        late.take(1).expect_err("the other has less");
        drop((large, small, late));
        assert!(is_empty(&rooms));
    }

    #[test]
    fn what_has_arrived_is_its_tenants_matter_until_it_is_answered() {
        let rooms = Rooms::new(OF_ALL);
        let tenants: Vec<_> = (0..2 * SHARES).map(|_| Some(TenantId::generate())).collect();
        let bodies: Vec<_> = tenants.iter().map(|tenant| enter(&rooms, *tenant)).collect();
        for body in &bodies {
            body.take(OF_ONE).expect("what has arrived keeps nobody else out");
            body.arrived().expect("it is there");
        }
        for tenant in &tenants {
            enter(&rooms, *tenant).take(1).expect_err("the tenant has none left");
        }
        for body in &bodies {
            body.arrived().expect("it gave way to nobody");
        }
        drop(bodies);
        assert!(is_empty(&rooms));
        let late = enter(&rooms, tenants[0]);
        late.take(OF_ONE).expect("there is room again");
    }
}
