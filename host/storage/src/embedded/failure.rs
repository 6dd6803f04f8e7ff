//! What can go wrong inside a transaction, and what the domain is told of it.

use isolet_domain::repository::{RepositoryError, WriteError};

/// Why a step of a transaction did not succeed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// An answer: it exists, it is missing, its record cannot be read. The database is well.
    Answer(WriteError),
    /// The database could not do it.
    Database(redb::Error),
}

impl Trouble {
    pub(super) fn into_write_error(self) -> WriteError {
        match self {
            Self::Answer(answer) => answer,
            Self::Database(redb::Error::Corrupted(why)) => {
                RepositoryError::Corrupt { what: "data.redb".to_owned(), why }.into()
            }
            Self::Database(err) => RepositoryError::Unavailable(err.to_string()).into(),
        }
    }
}

/// What a failed write means where there is nothing to be refused: there it can only be the store.
pub(super) fn only_repository(error: WriteError) -> RepositoryError {
    match error {
        WriteError::Repository(err) => err,
        WriteError::Exists | WriteError::Missing => RepositoryError::Unavailable(error.to_string()),
    }
}

impl From<WriteError> for Trouble {
    fn from(error: WriteError) -> Self {
        Self::Answer(error)
    }
}

impl From<RepositoryError> for Trouble {
    fn from(error: RepositoryError) -> Self {
        Self::Answer(error.into())
    }
}

macro_rules! from_redb {
    ($($error:ty),*) => {
        $(impl From<$error> for Trouble {
            fn from(error: $error) -> Self {
                Self::Database(error.into())
            }
        })*
    };
}

from_redb!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::SetDurabilityError,
    redb::DatabaseError,
    redb::Error
);
