//! What an operator is told when a store cannot be opened. What goes wrong later is the domain's `RepositoryError`.

use std::path::PathBuf;

use isolet_domain::repository::RepositoryError;

/// Why a store could not be opened: for the operator who starts the host, so it says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data folder `{}` cannot be used", path.display())]
    Folder {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("`{}` is in use by another process: stop it, or give this one a data folder of its own", path.display())]
    Locked { path: PathBuf },
    #[error("`{}` is not a data file of isolet ({why}): move it away, or choose another data folder", path.display())]
    Foreign { path: PathBuf, why: String },
    #[error("`{}` is damaged ({why}): restore it from a backup", path.display())]
    Damaged { path: PathBuf, why: String },
    #[error("the Redis address cannot be used: {0}")]
    Address(String),
    #[error("Redis cannot be used: {0}")]
    Unsuitable(String),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}
