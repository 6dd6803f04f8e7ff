//! The epoch ticker: advances the engine's epoch every millisecond while any guest is active, and sleeps otherwise.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread::Thread;
use std::time::Duration;

use wasmtime::Engine;

/// The time between ticks: a limit holds to within one of them.
pub const TICK: Duration = Duration::from_millis(1);

#[derive(Debug)]
struct Shared {
    active: AtomicUsize,
    asleep: AtomicBool,
}

/// Hands out the guards that keep the ticks coming. The thread ends with the last clone.
#[derive(Clone, Debug)]
pub struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

/// While one of these lives, epochs advance.
#[derive(Debug)]
pub struct Active(Arc<Shared>);

impl Ticker {
    pub fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { active: AtomicUsize::new(0), asleep: AtomicBool::new(false) });
        let (weak, engine) = (Arc::downgrade(&shared), engine.weak());
        let handle = std::thread::Builder::new().name("epoch ticker".to_owned()).spawn(move || tick(&weak, &engine))?;
        Ok(Self { shared, thread: handle.thread().clone() })
    }

    pub fn activate(&self) -> Active {
        self.shared.active.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.swap(false, Ordering::SeqCst) {
            self.thread.unpark();
        }
        Active(self.shared.clone())
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::SeqCst);
    }
}

fn tick(shared: &Weak<Shared>, engine: &wasmtime::EngineWeak) {
    loop {
        let Some(state) = shared.upgrade() else { return };
        let Some(engine) = engine.upgrade() else { return };
        engine.increment_epoch();
        if state.active.load(Ordering::SeqCst) == 0 {
            // Set before the second look: whoever becomes active after that look sees it and wakes us.
            state.asleep.store(true, Ordering::SeqCst);
            if state.active.load(Ordering::SeqCst) == 0 {
                drop((state, engine));
                // Not for ever, so that the thread notices when everything is gone.
                std::thread::park_timeout(Duration::from_secs(1));
                continue;
            }
            state.asleep.store(false, Ordering::SeqCst);
        }
        drop((state, engine));
        std::thread::sleep(TICK);
    }
}
