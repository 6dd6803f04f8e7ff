//! The pool of slots, which wasmtime asks for memories. A slot comes back when its instance is dropped, and is put back right then, on
//! the thread that dropped it: nothing a guest wrote outlives its request.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

use super::base::BaseMemory;
use super::page_map::PageMap;
use super::plain::PlainMemory;
use super::slot::{GUARD_BYTES, RESERVATION_BYTES, Slot};
use super::supply::{self, Content};
use super::sys::PAGE_BYTES;
use crate::overlay::Overlay;

/// Before a free slot of another function is taken over, there may be this many: each costs a few hundred KiB, and turning a slot
/// over costs copying two functions' states.
const WARM_SLOTS: usize = 32;
/// Of one slot's written pages, what is copied back rather than given up: faulting a page in again takes as long as copying 20.
const KEEP_PAGES_PER_SLOT: usize = (4 << 20) / PAGE_BYTES;

/// How large the pool may become.
#[derive(Clone, Copy, Debug)]
pub struct PoolSettings {
    /// Memories in use at once.
    pub max_memories: usize,
    /// Bytes that free slots may hold on to, all together.
    pub keep_bytes: usize,
    /// Compare every slot with what it should contain, when it is put back and when it is handed out, and end the process if it does not.
    pub verify: bool,
}

/// The process's memories.
#[derive(Clone)]
pub struct MemoryPool(Arc<Pool>);

struct Pool {
    base: Arc<BaseMemory>,
    page_map: PageMap,
    settings: PoolSettings,
    /// Least recently used first.
    free: Mutex<VecDeque<Slot>>,
    in_use: AtomicUsize,
    kept_pages: AtomicUsize,
}

impl MemoryPool {
    pub fn new(base: Arc<BaseMemory>, settings: PoolSettings) -> Self {
        Self(Arc::new(Pool {
            base,
            page_map: PageMap::open(),
            settings,
            free: Mutex::default(),
            in_use: AtomicUsize::new(0),
            kept_pages: AtomicUsize::new(0),
        }))
    }

    /// The pages of a base memory in use that its guest has written, `None` where there is no telling.
    pub fn written(&self, memory: &[u8]) -> Option<Vec<std::ops::Range<usize>>> {
        let shown = memory.len().min(self.0.base.len());
        let mut runs = self.0.page_map.written(memory.as_ptr() as usize, shown)?;
        if memory.len() > shown {
            runs.push(shown / PAGE_BYTES..memory.len() / PAGE_BYTES);
        }
        Some(runs)
    }
}

impl Pool {
    fn free(&self) -> MutexGuard<'_, VecDeque<Slot>> {
        // A panic elsewhere leaves the list whole: slots are moved in and out of it in single steps.
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A free slot, best one of the same function; `None` when a new one should be made.
    fn take(&self, overlay: Option<&Arc<Overlay>>) -> Option<Slot> {
        let mut free = self.free();
        let same = free.iter().rposition(|slot| slot.holds(overlay));
        let place = same.or_else(|| (free.len() >= WARM_SLOTS).then_some(0))?;
        let slot = free.remove(place)?;
        drop(free);
        self.kept_pages.fetch_sub(slot.kept_pages(), Ordering::Relaxed);
        Some(slot)
    }

    /// Puts a used slot back to what it was, and into the list.
    fn put_back(&self, mut slot: Slot) {
        if let Err(error) = slot.reset(&self.page_map, KEEP_PAGES_PER_SLOT) {
            // Its address space goes with it: an unknown slot is used by nobody.
            tracing::error!(%error, "a memory could not be put back and is given up");
            return;
        }
        let kept = slot.kept_pages();
        if self.kept_pages.fetch_add(kept, Ordering::Relaxed) + kept > self.settings.keep_bytes / PAGE_BYTES {
            self.kept_pages.fetch_sub(kept, Ordering::Relaxed);
            if slot.clear().is_err() {
                return;
            }
        }
        self.verify(&slot);
        self.free().push_back(slot);
    }

    fn verify(&self, slot: &Slot) {
        if self.settings.verify && !slot.is_as_it_should_be() {
            tracing::error!("a memory is not what it should be; stopping before anybody else can see it");
            std::process::abort();
        }
    }
}

/// A place among the memories in use, given back when dropped.
struct Place(Arc<Pool>);

impl Place {
    fn take(pool: &Arc<Pool>) -> Result<Self, String> {
        // Dropped, and so given back, on the way out where there is none.
        let place = Self(pool.clone());
        if pool.in_use.fetch_add(1, Ordering::Relaxed) >= pool.settings.max_memories {
            return Err(format!("all {} memories are in use", pool.settings.max_memories));
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.in_use.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A memory that is nobody's slot.
struct PlainLease {
    memory: PlainMemory,
    _place: Place,
}

// SAFETY: the address space is reserved, page-aligned and guarded on both sides, and is this lease's alone.
unsafe impl LinearMemory for PlainLease {
    fn byte_size(&self) -> usize {
        self.memory.accessible()
    }

    fn byte_capacity(&self) -> usize {
        RESERVATION_BYTES
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        Ok(self.memory.grow(new_size)?)
    }

    fn as_ptr(&self) -> *mut u8 {
        self.memory.start()
    }
}

/// A slot in use as some instance's memory.
struct Lease {
    /// `None` only while it is being dropped.
    slot: Option<Slot>,
    place: Place,
}

impl Lease {
    fn slot(&self) -> &Slot {
        self.slot.as_ref().expect("a lease has its slot until it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.place.0.put_back(slot);
        }
    }
}

// SAFETY: the slot's address space is reserved, page-aligned and guarded on both sides, does not move while the lease lives, and is
// used by nobody else until then.
unsafe impl LinearMemory for Lease {
    fn byte_size(&self) -> usize {
        self.slot().accessible()
    }

    fn byte_capacity(&self) -> usize {
        RESERVATION_BYTES
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        let slot = self.slot.as_mut().expect("a lease has its slot until it is dropped");
        Ok(slot.grow(new_size)?)
    }

    fn as_ptr(&self) -> *mut u8 {
        self.slot().start()
    }
}

// SAFETY: every memory is a slot of its own with the reservation and guards that wasmtime counts on, which are checked against what it
// asks for. Slots are not zero: the base's module was compiled without its data, which is here already, and nothing but that
// module is given one (`supply`). Plain memories are.
unsafe impl MemoryCreator for MemoryPool {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        reserved_size_in_bytes: Option<usize>,
        guard_size_in_bytes: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let pool = &self.0;
        if reserved_size_in_bytes != Some(RESERVATION_BYTES) || guard_size_in_bytes != GUARD_BYTES {
            return Err("only memories of 32 bits can be made here".to_owned());
        }
        let overlay = match supply::take().ok_or("nobody said what the memory is to contain")? {
            Content::Plain => {
                let memory = PlainMemory::new(minimum).map_err(|error| format!("no memory can be had: {error}"))?;
                return Ok(Box::new(PlainLease { memory, _place: Place::take(pool)? }));
            }
            Content::Base => None,
            Content::Function(overlay) => Some(overlay),
        };
        if minimum != pool.base.len() {
            return Err("that is not the engine's memory".to_owned());
        }
        let place = Place::take(pool)?;
        let mut lease = Lease { slot: pool.take(overlay.as_ref()), place };
        let made = match lease.slot.take() {
            Some(slot) => Ok(slot),
            None => Slot::new(&pool.base),
        };
        let filled = made.and_then(|mut slot| slot.fill(overlay.as_ref()).map(|()| slot));
        let slot = filled.map_err(|error| format!("no memory can be had: {error}"))?;
        pool.verify(&slot);
        lease.slot = Some(slot);
        Ok(Box::new(lease))
    }
}
