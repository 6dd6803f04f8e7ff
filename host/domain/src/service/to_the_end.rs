//! Writes that must not stop half-way because whoever asked for them went away.

use std::panic;

/// Runs the work to its end even when the caller is dropped: what follows a write (a cache told of it) must follow it always.
pub async fn to_the_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(payload) => panic::resume_unwind(payload),
            // The process is ending and nobody will look at the answer.
            Err(_) => std::future::pending().await,
        },
    }
}
