//! A host that comes to rest gives the memory its work took back to the kernel. Guests' memories are not meant, which the runtime puts
//! back itself, but what the C library keeps of freed blocks, in one arena for each thread that ever allocated: after a storm of
//! requests, or the compilation of the engine, more than all the rest of the process.

use std::sync::Arc;
use std::time::Duration;

use isolet_domain::service::counters::Counters;

/// How often it is looked whether the host is at rest. A steady load rarely is, and pays nothing.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Looks for as long as the host lives.
pub async fn give_memory_back(counters: Arc<Counters>) {
    // What the start took is given back as well.
    let mut given = None;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let ended = counters.ended();
        if given == Some(ended) || counters.in_flight() > 0 {
            continue;
        }
        given = Some(ended);
        if tokio::task::spawn_blocking(trim).await.is_err() {
            tracing::error!("giving memory back failed");
        }
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim() {
    // SAFETY: takes the allocator's own locks and touches free blocks only.
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries have no such call.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}
