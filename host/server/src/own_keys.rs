//! Whether the secret keys in a data folder are those that its store was begun with. With others nothing that the store has could be opened
//! or recognised, and what they write could not be with the right ones. The files themselves are `data_dir`'s.

use anyhow::{Context as _, Result, anyhow};
use isolet_domain::key::KeyPepper;
use isolet_domain::key_mark::KeyMark;
use isolet_domain::repository::Repository;

use crate::data_dir::{DataDir, MASTER, PEPPER};

/// Makes the keys on a first start, and refuses them where the store knows others.
pub async fn check(data: &DataDir, repository: &dyn Repository) -> Result<()> {
    let made = data.make_keys()?;
    let Some(name) = wrong(data, repository).await? else { return Ok(()) };
    // Else they would be taken for the right ones when those are put back one by one.
    for name in &made {
        data.remove(name)?;
    }
    let what = if made.contains(&name) { "is missing" } else { "is not the one that this store was begun with" };
    Err(anyhow!(
        "`{}` {what}: put back that one. Without it {}. Hosts that share a store have the same `{PEPPER}` and `{MASTER}`",
        data.path().join(name).display(),
        if name == PEPPER {
            "no API key is recognised"
        } else {
            "no secret is opened, and the audit cannot be gone on with"
        }
    ))
}

/// The file whose key is not the store's.
pub async fn wrong(data: &DataDir, repository: &dyn Repository) -> Result<Option<&'static str>> {
    let ours = KeyMark::of(&KeyPepper::new(data.pepper()?), &data.master_keys()?);
    let noted = repository.key_mark(&ours).await.context("the store did not say which keys it was begun with")?;
    let all = [(PEPPER, ours.pepper == noted.pepper), (MASTER, ours.master == noted.master)];
    Ok(all.into_iter().find(|(_, is_right)| !is_right).map(|(name, _)| name))
}
