//! The one thread that writes to the database. It takes what is queued, applies it in one transaction and commits once, so that
//! writes that arrive together share one sync of the disk. When the database fails it is also the one to get it back. What a
//! write does is in the modules of the repositories.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use redb::Durability;

use super::failure::Trouble;
use super::file::DataFile;
use super::job::{Message, Queued, Verdict};
use super::ring::RunWrite;
use super::tables::META;

/// How long a run's record may be in memory only. Half of the second that is promised: the commit itself takes time too.
const SYNC_AFTER: Duration = Duration::from_millis(500);
/// And how many bytes of them: a burst is written out before it fills the memory.
const SYNC_BYTES: usize = 16 << 20;
/// Writes in one transaction.
const BATCH: usize = 256;
/// Room there must be on the disk before writing is tried again after a failure: a try that fails costs opening the file anew.
const ROOM: usize = 1 << 20;
/// How long a broken database is left alone between two attempts.
const HEAL_AFTER: Duration = Duration::from_millis(500);

/// What the thread works with.
pub(super) struct Desk {
    file: Arc<DataFile>,
    receiver: mpsc::Receiver<Message>,
    /// Runs that are committed and not synced. They are written again if the file has to be opened again before that.
    unsynced: Vec<Arc<RunWrite>>,
    unsynced_bytes: usize,
    sync_at: Option<Instant>,
    illness: Option<Illness>,
}

struct Illness {
    why: String,
    /// Whether redb refuses to go on; otherwise it is the disk that is full.
    broken: bool,
    retry_at: Instant,
}

impl Desk {
    pub(super) fn new(file: Arc<DataFile>, receiver: mpsc::Receiver<Message>) -> Self {
        Self { file, receiver, unsynced: Vec::new(), unsynced_bytes: 0, sync_at: None, illness: None }
    }

    /// Works until everybody who could ask for something is gone.
    pub(super) fn run(mut self) {
        loop {
            let message = match self.sync_at {
                None => self.receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => self.receiver.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            let stop = match message {
                Ok(Message::Write(first)) => self.write(first),
                Ok(Message::Heal(done)) => {
                    self.sync();
                    let _ = done.send(());
                    false
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.sync();
                    false
                }
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => true,
            };
            if stop {
                if !self.unsynced.is_empty() {
                    self.sync();
                }
                return;
            }
        }
    }

    /// Commits this write with all that are waiting. Says whether it is time to stop.
    fn write(&mut self, first: Queued) -> bool {
        let mut batch = vec![first];
        let mut stop = false;
        let mut patients = Vec::new();
        while batch.len() < BATCH && !stop {
            match self.receiver.try_recv() {
                Ok(Message::Write(next)) => batch.push(next),
                Ok(Message::Heal(done)) => patients.push(done),
                Ok(Message::Stop) => stop = true,
                Err(_) => break,
            }
        }
        self.commit(batch);
        if !patients.is_empty() {
            self.sync();
        }
        for done in patients {
            let _ = done.send(());
        }
        stop
    }

    fn commit(&mut self, mut batch: Vec<Queued>) {
        if let Err(why) = self.recovered() {
            settle_all(batch, Err(&why));
            return;
        }
        while !batch.is_empty() {
            match attempt(&self.file, &mut batch) {
                Attempt::Committed { synced } => {
                    if synced {
                        self.all_synced();
                    } else {
                        self.keep(&batch);
                    }
                    settle_all(batch, Ok(()));
                    break;
                }
                Attempt::Spoilt { by } => batch.remove(by).job.settle(Ok(())),
                Attempt::Broken(err) => {
                    let why = err.to_string();
                    // First: whoever hears of the failure can read again at once.
                    self.fall_ill(why.clone());
                    settle_all(batch, Err(&why));
                    return;
                }
            }
        }
        if self.unsynced_bytes > SYNC_BYTES {
            self.sync();
        }
    }

    fn keep(&mut self, batch: &[Queued]) {
        for run in batch.iter().filter_map(|queued| queued.lazy.as_ref()) {
            self.unsynced_bytes += run.bytes();
            self.unsynced.push(Arc::clone(run));
        }
        if !self.unsynced.is_empty() {
            self.sync_at.get_or_insert_with(|| Instant::now() + SYNC_AFTER);
        }
    }

    fn all_synced(&mut self) {
        self.unsynced.clear();
        self.unsynced_bytes = 0;
        self.sync_at = None;
    }

    /// Writes out what is committed in memory only.
    fn sync(&mut self) {
        if self.recovered().is_err() {
            // Not before the next attempt to recover, and no busy loop until then.
            self.sync_at = self.sync_at.map(|_| Instant::now() + HEAL_AFTER);
            return;
        }
        match persist(&self.file, &[], Durability::Immediate) {
            Ok(()) => self.all_synced(),
            Err(err) => self.fall_ill(err.to_string()),
        }
    }

    fn fall_ill(&mut self, why: String) {
        tracing::error!(why, "the embedded database failed, its file is opened again");
        self.illness = Some(Illness { why, broken: true, retry_at: Instant::now() });
        if self.recovered().is_ok() {
            tracing::info!("the embedded database works again");
        }
    }

    /// Whether there is a database to write to, after an attempt to get it back if it is time for one. Reading goes on while
    /// the disk is full (redb opens a file without needing more of the disk); writing waits until there is room.
    fn recovered(&mut self) -> Result<(), String> {
        let Some(illness) = &mut self.illness else { return Ok(()) };
        if Instant::now() < illness.retry_at {
            return Err(illness.why.clone());
        }
        if illness.broken {
            illness.reopen(&self.file, &self.unsynced);
        }
        if !illness.broken {
            match self.file.has_room(ROOM + self.unsynced_bytes) {
                Ok(()) => match persist(&self.file, &self.unsynced, Durability::Immediate) {
                    Ok(()) => {
                        self.illness = None;
                        self.all_synced();
                        return Ok(());
                    }
                    Err(err) => {
                        illness.why = err.to_string();
                        // At once: until then nobody can read.
                        illness.reopen(&self.file, &self.unsynced);
                    }
                },
                Err(err) => illness.why = format!("the disk is full: {err}"),
            }
        }
        illness.retry_at = Instant::now() + HEAL_AFTER;
        Err(illness.why.clone())
    }
}

impl Illness {
    /// Opens the file anew. The runs are those that the old handle had in memory only: readers go on seeing them, if that is
    /// possible.
    fn reopen(&mut self, file: &DataFile, runs: &[Arc<RunWrite>]) {
        let reopened = file.reopen().and_then(|()| match persist(file, runs, Durability::None) {
            Ok(()) => Ok(()),
            Err(_) => file.reopen(),
        });
        match reopened {
            Ok(()) => self.broken = false,
            Err(err) => {
                self.broken = true;
                self.why = err.to_string();
            }
        }
    }
}

fn settle_all(batch: Vec<Queued>, committed: Result<(), &str>) {
    for queued in batch {
        queued.job.settle(committed);
    }
}

enum Attempt {
    Committed {
        synced: bool,
    },
    /// The write at this place has to leave the batch; the others are tried again without it.
    Spoilt {
        by: usize,
    },
    Broken(redb::Error),
}

fn attempt(file: &DataFile, batch: &mut [Queued]) -> Attempt {
    let result = file.with(|database| {
        let mut txn = database.begin_write()?;
        let (mut written, mut durable) = (false, false);
        for (index, queued) in batch.iter_mut().enumerate() {
            let verdict = catch_unwind(AssertUnwindSafe(|| queued.job.apply(&txn)));
            match verdict.unwrap_or(Verdict::Failed) {
                Verdict::Written => {
                    written = true;
                    durable |= queued.lazy.is_none();
                }
                Verdict::Refused => {}
                Verdict::Failed => return Ok(Attempt::Spoilt { by: index }),
                Verdict::Broken(err) => return Err(err.into()),
            }
        }
        if written {
            txn.set_durability(if durable { Durability::Immediate } else { Durability::None })?;
            txn.commit()?;
        }
        Ok(Attempt::Committed { synced: written && durable })
    });
    result.unwrap_or_else(|trouble| Attempt::Broken(plain(trouble)))
}

/// Commits these records; with immediate durability also everything that was committed in memory only. Writing a record twice
/// changes nothing.
fn persist(file: &DataFile, runs: &[Arc<RunWrite>], durability: Durability) -> Result<(), redb::Error> {
    let result = file.with(|database| {
        let mut txn = database.begin_write()?;
        txn.set_durability(durability)?;
        for run in runs {
            run.apply(&txn)?;
        }
        // So that the transaction is not empty, whatever redb makes of those.
        txn.open_table(META)?.insert("synced", "")?;
        txn.commit()?;
        Ok(())
    });
    result.map_err(plain)
}

fn plain(trouble: Trouble) -> redb::Error {
    match trouble {
        Trouble::Database(err) => err,
        Trouble::Answer(err) => redb::Error::Io(std::io::Error::other(err.to_string())),
    }
}
