//! Which pages of a slot may have been written: they are read-only until the first write to one, whose fault opens the page and notes
//! it. Where writes go is much the same from one request to the next, so after a few of them nothing faults, and a reset knows what to
//! put back without a word from the kernel, which takes some 25 microseconds to go through a base's page table. What a slot does with
//! the answer is its own business.

use std::ops::Range;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::sys::{self, PAGE_BYTES};

/// Slots watched at once; later ones ask the kernel.
const MOST_WATCHED: usize = 256;
/// Of one slot. Code that writes to more places than these is better off with the kernel's account: a fault takes 3 microseconds.
const MOST_FAULTS: usize = 256;
/// Of all slots together, since they were closed. Each may split off two mappings, and a process has 65,530 (`vm.max_map_count`).
const MOST_SPLITS: usize = 12_000;
const WORDS: usize = 64;
/// The largest memory that can be watched.
const MOST_PAGES: usize = WORDS * 64;

/// A watched range, at a place that never moves: the fault handler may look at it at any time.
struct Watched {
    /// 0 where nothing is watched.
    start: AtomicUsize,
    pages: AtomicUsize,
    taken: AtomicBool,
    /// Everything is open, and nobody has noted what was written.
    all_open: AtomicBool,
    faults: AtomicUsize,
    open: [AtomicU64; WORDS],
}

#[expect(clippy::declare_interior_mutable_const, reason = "what each place of the table begins as")]
const NOTHING: Watched = Watched {
    start: AtomicUsize::new(0),
    pages: AtomicUsize::new(0),
    taken: AtomicBool::new(false),
    all_open: AtomicBool::new(false),
    faults: AtomicUsize::new(0),
    open: [const { AtomicU64::new(0) }; WORDS],
};
static WATCHED: [Watched; MOST_WATCHED] = [NOTHING; MOST_WATCHED];
/// Faults, and openings before they happen, that count against [`MOST_SPLITS`].
static SPLITS: AtomicUsize = AtomicUsize::new(0);
/// How many places of the table were ever taken.
static REACHED: AtomicUsize = AtomicUsize::new(0);

/// The account of one slot's pages.
#[derive(Debug)]
pub struct Watch {
    place: usize,
}

impl Watch {
    /// Closes the `pages` at `start` to writing; `None` where that is not possible, and they stay open.
    ///
    /// # Safety
    /// They are mapped readable and writable, page-aligned, and stay mapped for as long as the watch lives.
    pub unsafe fn begin(start: usize, pages: usize) -> Option<Self> {
        if pages > MOST_PAGES || !handles_faults() {
            return None;
        }
        let free = |watched: &Watched| !watched.taken.swap(true, Ordering::AcqRel);
        let watch = Self { place: WATCHED.iter().position(free)? };
        REACHED.fetch_max(watch.place + 1, Ordering::Relaxed);
        let watched = watch.watched();
        watched.pages.store(pages, Ordering::Relaxed);
        watched.start.store(start, Ordering::Release);
        watch.close_all().then_some(watch)
    }

    /// The runs of pages that may have been written since they were closed; `None` when that was too much to note.
    pub fn written(&self) -> Option<Vec<Range<usize>>> {
        let watched = self.watched();
        if watched.all_open.load(Ordering::Relaxed) {
            return None;
        }
        let mut runs: Vec<Range<usize>> = Vec::new();
        for (index, word) in watched.open.iter().enumerate() {
            let mut bits = word.load(Ordering::Relaxed);
            while bits != 0 {
                let first = bits.trailing_zeros();
                let many = (bits >> first).trailing_ones();
                bits &= u64::MAX.checked_shl(first + many).unwrap_or(0);
                let start = index * 64 + first as usize;
                match runs.last_mut() {
                    Some(last) if last.end == start => last.end += many as usize,
                    _ => runs.push(start..start + many as usize),
                }
            }
        }
        Some(runs)
    }

    /// Opens a run of pages that the host is about to write to: a fault each is dearer.
    pub fn open(&self, pages: Range<usize>) {
        let watched = self.watched();
        if watched.all_open.load(Ordering::Relaxed) || pages.clone().all(|page| watched.is_open(page)) {
            return;
        }
        if watched.may_fault() && watched.allow(pages.clone()) {
            pages.for_each(|page| watched.note(page));
        } else {
            watched.open_all();
        }
    }

    /// Lets the host write anywhere meanwhile, and closes again what was closed: for much that guests are not about to write to.
    pub fn set_aside<R>(&self, write: impl FnOnce() -> R) -> R {
        let watched = self.watched();
        let open = self.written();
        let all = 0..watched.pages.load(Ordering::Relaxed);
        let (Some(open), true) = (open, watched.allow(all.clone())) else {
            watched.open_all();
            return write();
        };
        let done = write();
        if !watched.forbid(all) || !open.into_iter().all(|pages| watched.allow(pages)) {
            watched.open_all();
        }
        done
    }

    /// Closes everything again: nothing has been written, as far as this account goes. False when the kernel refused.
    pub fn close_all(&self) -> bool {
        let watched = self.watched();
        if !watched.forbid(0..watched.pages.load(Ordering::Relaxed)) {
            return false;
        }
        watched.open.iter().for_each(|word| word.store(0, Ordering::Relaxed));
        watched.forget_faults();
        watched.all_open.store(false, Ordering::Relaxed);
        true
    }

    fn watched(&self) -> &'static Watched {
        &WATCHED[self.place]
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let watched = self.watched();
        // Open, for a slot that could not close them and goes on without.
        watched.open_all();
        watched.start.store(0, Ordering::Relaxed);
        watched.taken.store(false, Ordering::Release);
    }
}

impl Watched {
    fn is_open(&self, page: usize) -> bool {
        self.open[page / 64].load(Ordering::Relaxed) & 1 << (page % 64) != 0
    }

    fn note(&self, page: usize) {
        self.open[page / 64].fetch_or(1 << (page % 64), Ordering::Relaxed);
    }

    fn may_fault(&self) -> bool {
        let among_all = SPLITS.fetch_add(1, Ordering::Relaxed);
        self.faults.fetch_add(1, Ordering::Relaxed) < MOST_FAULTS && among_all < MOST_SPLITS
    }

    fn forget_faults(&self) {
        SPLITS.fetch_sub(self.faults.swap(0, Ordering::Relaxed), Ordering::Relaxed);
    }

    fn allow(&self, pages: Range<usize>) -> bool {
        let start = self.start.load(Ordering::Relaxed);
        // SAFETY: it is mapped for as long as it is watched.
        unsafe { sys::set_writable(start + pages.start * PAGE_BYTES, pages.len() * PAGE_BYTES, true) }
    }

    fn forbid(&self, pages: Range<usize>) -> bool {
        let start = self.start.load(Ordering::Relaxed);
        // SAFETY: it is mapped for as long as it is watched, and whoever writes to it next is let by `admit`.
        unsafe { sys::set_writable(start + pages.start * PAGE_BYTES, pages.len() * PAGE_BYTES, false) }
    }

    fn open_all(&self) -> bool {
        self.all_open.store(true, Ordering::Relaxed);
        // One mapping again.
        self.forget_faults();
        self.allow(0..self.pages.load(Ordering::Relaxed))
    }

    /// Lets a write to `address` happen, if it is a closed page of this range. In a signal handler: no locks, no memory.
    fn admit(&self, address: usize) -> bool {
        let start = self.start.load(Ordering::Acquire);
        let page = address.wrapping_sub(start) / PAGE_BYTES;
        if start == 0 || address < start || page >= self.pages.load(Ordering::Relaxed) {
            return false;
        }
        // What is open already and faults all the same is somebody else's mistake.
        if self.all_open.load(Ordering::Relaxed) || self.is_open(page) {
            return false;
        }
        if self.may_fault() && self.allow(page..page + 1) {
            self.note(page);
            return true;
        }
        self.open_all()
    }
}

/// Whether the process notes first writes. The handler comes last, so that it is asked first: wasmtime takes a fault within a guest's
/// memory for the guest's.
fn handles_faults() -> bool {
    static ONCE: Once = Once::new();
    static DONE: AtomicBool = AtomicBool::new(false);
    ONCE.call_once(|| {
        // wasmtime installs its own with the first engine, and never again.
        drop(wasmtime::Engine::default());
        DONE.store(sys::on_refused_access(admit), Ordering::Relaxed);
    });
    DONE.load(Ordering::Relaxed)
}

fn admit(address: usize) -> bool {
    WATCHED[..REACHED.load(Ordering::Relaxed)].iter().any(|watched| watched.admit(address))
}
