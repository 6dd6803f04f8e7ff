//! Putting a new master key in place of the one there is, by steps each of which can be broken off and taken again:
//!
//! 1. `master.next.key` is made. Hosts open with it what it sealed, and seal with `master.key` as before. All that share the store get it.
//! 2. Every tenant's data key is sealed anew with it; then it becomes `master.key`, and the one before `master.old.key`, with which hosts
//!    still open what others sealed meanwhile. What keys the audit's digests stays as it was: it goes into `audit.key`, sealed. All hosts
//!    get these three.
//! 3. What was sealed with the old one since is sealed anew, and the old one removed.
//!
//! A host that is alone takes all three at once.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use isolet_domain::repository::{Repository, WriteError};
use isolet_domain::secret::{MasterKey, Rewrap};
use isolet_domain::tenant::Tenant;

use crate::data_dir::DataDir;

/// Tenants that are read in one go.
const AT_ONCE: usize = 500;

/// How far to go.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Whether other hosts use the store.
    pub shared: bool,
    /// They have the next key.
    pub distributed: bool,
    /// They have the new key.
    pub finish: bool,
}

/// Takes the next step, and says what was done and what is to be done now.
///
/// # Errors
/// Whatever is in the way; what was done by then stays done.
pub async fn rotate(data: &DataDir, repository: Arc<dyn Repository>, step: Step) -> Result<String> {
    let path = |name: &str| data.path().join(name);
    ensure!(path("master.key").exists(), "`{}` has no `master.key` to be replaced", data.path().display());
    if step.finish {
        ensure!(path("master.old.key").exists(), "no key is being replaced here: there is no `master.old.key`");
        let sealed = rewrap(data, &repository).await?;
        data.remove("master.old.key")?;
        return Ok(format!(
            "{sealed} tenants' keys sealed anew; the old key is gone. Remove `master.old.key` on every other host"
        ));
    }
    ensure!(
        !path("master.old.key").exists(),
        "the last replacement is not finished: once every host has the new `master.key`, use --finish"
    );
    let made = data.make_next_master()?;
    if step.shared && !step.distributed {
        return Ok(format!(
            "`master.next.key` {}. Copy it into the data folder of every host, restart them, then use --distributed",
            if made { "was made" } else { "is there" }
        ));
    }
    let sealed = rewrap(data, &repository).await?;
    data.take_next_master()?;
    if step.shared {
        return Ok(format!(
            "{sealed} tenants' keys sealed anew. Copy `master.key`, `master.old.key` and `audit.key` into the data folder of every host, \
             remove `master.next.key` there, restart them, then use --finish"
        ));
    }
    let more = rewrap(data, &repository).await?;
    data.remove("master.old.key")?;
    Ok(format!("{} tenants' keys sealed anew; the old key is gone", sealed + more))
}

/// Seals every tenant's data key with the newest key there is, and says how many were not.
async fn rewrap(data: &DataDir, repository: &Arc<dyn Repository>) -> Result<usize> {
    let (master, newest) = (data.master_keys()?, data.newest_master()?);
    let (mut sealed, mut after) = (0, None);
    loop {
        let page = repository.list_tenants(after.as_ref(), AT_ONCE).await?;
        for tenant in &page.items {
            sealed += usize::from(rewrap_one(&master, &newest, repository, tenant).await?);
        }
        match page.items.into_iter().next_back() {
            Some(last) if page.more => after = Some(last.slug),
            _ => return Ok(sealed),
        }
    }
}

async fn rewrap_one(
    master: &MasterKey,
    newest: &MasterKey,
    repository: &Arc<dyn Repository>,
    tenant: &Tenant,
) -> Result<bool> {
    let again = |stored: &Tenant| match &stored.data_key {
        None => Ok(Rewrap::Needless),
        Some(sealed) => newest.rewrap_data_key(master, &stored.id, sealed),
    };
    let Rewrap::Sealed(_) = again(tenant).with_context(|| format!("the data key of tenant `{}`", tenant.slug))? else {
        return Ok(false);
    };
    // Another host may have written to the tenant since: what is there then counts.
    let change = |stored: &mut Tenant| {
        if let Ok(Rewrap::Sealed(sealed)) = again(stored) {
            stored.data_key = Some(sealed);
        }
    };
    match repository.update_tenant(&tenant.id, &change).await {
        Ok(_) => Ok(true),
        // It was deleted since.
        Err(WriteError::Missing | WriteError::Exists) => Ok(false),
        Err(WriteError::Repository(error)) => Err(error.into()),
    }
}
