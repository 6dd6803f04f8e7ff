//! What a run says while it goes on, and to whom.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::execute::{LogLine, RunEvent};

/// Something that happened. The finished run comes last and apart.
#[derive(Debug)]
pub enum RunUpdate {
    Phase { name: &'static str, took: Duration },
    Log(LogLine),
    Head { status: u16, headers: Vec<(String, String)> },
    Body(Bytes),
}

/// Where updates go; the guest is held back while the channel is full.
pub type Updates = mpsc::Sender<RunUpdate>;

/// Passes updates on while somebody listens.
pub(super) struct Teller {
    updates: Option<Updates>,
}

impl Teller {
    pub(super) fn new(updates: Option<Updates>) -> Self {
        Self { updates }
    }

    pub(super) fn has_listener(&self) -> bool {
        self.updates.is_some()
    }

    pub(super) async fn tell(&mut self, update: RunUpdate) {
        if let Some(updates) = &self.updates {
            // A receiver that is gone is noticed by `gone`.
            let _ = updates.send(update).await;
        }
    }

    pub(super) async fn pass(&mut self, event: RunEvent) {
        let update = match event {
            RunEvent::Phase { name, took } => RunUpdate::Phase { name, took },
            RunEvent::Log(line) => RunUpdate::Log(line),
        };
        self.tell(update).await;
    }

    /// Resolves when somebody listened and does not any more.
    pub(super) async fn gone(&self) {
        match &self.updates {
            Some(updates) => updates.closed().await,
            None => std::future::pending().await,
        }
    }
}
