//! Notices between hosts, in memory: whoever listens hears everything, its own too.

use async_trait::async_trait;
use tokio::sync::broadcast::error::RecvError;

use super::MemoryStore;
use crate::notice::Notice;
use crate::repository::{NoticeRepository, RepositoryError};

#[async_trait]
impl NoticeRepository for MemoryStore {
    async fn tell(&self, notices: &[Notice]) -> Result<(), RepositoryError> {
        drop(self.open()?);
        for notice in notices {
            // Nobody may be listening.
            let _ = self.told.send(notice.clone());
        }
        Ok(())
    }

    async fn listen(&self, heard: &(dyn Fn(Notice) + Send + Sync)) -> Result<bool, RepositoryError> {
        let mut told = self.told.subscribe();
        drop(self.open()?);
        heard(Notice::Everything);
        loop {
            match told.recv().await {
                Ok(notice) => heard(notice),
                Err(RecvError::Lagged(_)) => heard(Notice::Everything),
                Err(RecvError::Closed) => return Ok(true),
            }
        }
    }
}
