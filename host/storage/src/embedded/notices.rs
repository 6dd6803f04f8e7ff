//! Notices in the embedded store: no other host uses it, so there is nobody to tell.

use async_trait::async_trait;
use isolet_domain::notice::Notice;
use isolet_domain::repository::{NoticeRepository, RepositoryError};

use super::store::EmbeddedStore;

#[async_trait]
impl NoticeRepository for EmbeddedStore {
    async fn tell(&self, _notices: &[Notice]) -> Result<(), RepositoryError> {
        Ok(())
    }

    async fn listen(&self, _heard: &(dyn Fn(Notice) + Send + Sync)) -> Result<bool, RepositoryError> {
        Ok(false)
    }
}
