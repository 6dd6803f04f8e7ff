//! The way to the one thread that writes to the database. What that thread does is in `desk`.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use isolet_domain::repository::WriteError;
use redb::WriteTransaction;
use tokio::sync::{Semaphore, oneshot};

use super::desk::Desk;
use super::failure::Trouble;
use super::file::DataFile;
use super::job::{Change, Message, Queued, unavailable};
use super::ring::RunWrite;

/// Writes that wait; more callers wait for a place.
const QUEUE: usize = 4_096;

/// The queue to the writer thread. Dropping it writes everything out and ends the thread.
pub(super) struct Writer {
    sender: mpsc::Sender<Message>,
    places: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(file: Arc<DataFile>, on_thread_start: impl FnOnce() + Send + 'static) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let desk = Desk::new(file, receiver);
        let thread = std::thread::Builder::new().name("isolet-writer".to_owned()).spawn(move || {
            on_thread_start();
            desk.run();
        })?;
        Ok(Self { sender, places: Arc::new(Semaphore::new(QUEUE)), thread: Some(thread) })
    }

    /// Applies a change and answers once it is on the disk. The change checks everything before it writes anything, and may be
    /// applied more than once: never in two transactions that both count.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        apply: impl FnMut(&WriteTransaction) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, WriteError> {
        self.queue(apply, None).await
    }

    /// Records a run and answers once every reader sees it; within a second it is on the disk.
    pub(super) async fn write_soon(&self, run: RunWrite) -> Result<(), WriteError> {
        let run = Arc::new(run);
        let again = Arc::clone(&run);
        self.queue(move |txn| again.apply(txn), Some(run)).await
    }

    /// Has the thread look after the database, because a reader met an error, and waits until it has.
    pub(super) async fn heal(&self) {
        let (done, looked_after) = oneshot::channel();
        if self.sender.send(Message::Heal(done)).is_ok() {
            let _ = looked_after.await;
        }
    }

    async fn queue<T: Send + 'static>(
        &self,
        apply: impl FnMut(&WriteTransaction) -> Result<T, Trouble> + Send + 'static,
        lazy: Option<Arc<RunWrite>>,
    ) -> Result<T, WriteError> {
        let stopped = || WriteError::from(unavailable("it was closed"));
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| stopped())?;
        let (reply, result) = oneshot::channel();
        let job = Box::new(Change { apply, result: None, reply });
        self.sender.send(Message::Write(Queued { job, lazy, _place: place })).map_err(|_| stopped())?;
        result.await.unwrap_or_else(|_| Err(stopped()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.sender.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic there has been logged.
            let _ = thread.join();
        }
    }
}
