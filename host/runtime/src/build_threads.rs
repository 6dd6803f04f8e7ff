//! The threads that builds run on. Their own, because WebAssembly that recurses needs more stack than a pool of somebody else's has.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::priority::step_back;

/// Above wasmtime's `max_wasm_stack` (4 MiB) with room for the host's own frames.
const STACK_BYTES: usize = 8 << 20;
/// How far builds stand back: who waits for a build waits longer than who waits for an answer. They get a sixty-eighth of what a thread that
/// serves gets beside them, so they go on under any load; a build's budget counts the time that it had. By itself this is not enough, which
/// is why they give way as well.
const NICER_BY: i32 = 19;
/// A core that a build got back it may keep for as long: the deadline of a short turn would come before that of who serves.
const SLICE: Duration = Duration::from_millis(20);

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads. They end when this is dropped.
pub struct BuildThreads {
    jobs: mpsc::Sender<Job>,
}

impl BuildThreads {
    pub fn start(count: usize) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for index in 0..count.max(1) {
            let queue = queue.clone();
            std::thread::Builder::new().name(format!("build {index}")).stack_size(STACK_BYTES).spawn(move || {
                step_back(NICER_BY, Some(SLICE));
                loop {
                    // Held only while waiting: whoever gets the job lets the next one wait.
                    let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(job) = job else { return };
                    // A panic ends this job alone; its sender is dropped, which the waiting side sees.
                    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
                }
            })?;
        }
        Ok(Self { jobs })
    }

    /// Runs `work` on one of the threads; `None` when it panicked.
    pub async fn run<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> Option<R> {
        let (tx, rx) = oneshot::channel();
        let job: Job = Box::new(move || drop(tx.send(work())));
        self.jobs.send(job).ok()?;
        rx.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn builds_stand_back_behind_who_serves() {
        // SAFETY: it takes no pointers.
        let nice = || unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        let threads = BuildThreads::start(1).expect("a thread");
        let theirs = threads.run(nice).await.expect("no panic");
        assert_eq!(theirs, (nice() + NICER_BY).min(19));
    }
}
