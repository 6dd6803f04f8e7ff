//! The last step of `guest-sdk/build`: `artifact_digests --write FOLDER` records the digests of the guests in that folder and of the
//! sources as they are now; `artifact_digests --check` fails when the record and the checkout disagree. `--write-components FOLDER`
//! is the last step of `guest-sdk/rust/build`. It builds nothing.

use anyhow::{Context as _, Result, bail, ensure};
use isolet_tests::artifacts;
use std::path::Path;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let root = artifacts::checkout();
    let record = root.join(artifacts::DIGESTS);
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--write", guests] => {
            let digests = artifacts::digests(&root, Path::new(guests))?;
            std::fs::write(&record, digests).with_context(|| format!("cannot write `{}`", record.display()))
        }
        ["--write-components", components] => {
            let (record, folder) = (root.join(artifacts::COMPONENT_DIGESTS), Path::new(components));
            let digests = artifacts::component_digests(&root, folder)?;
            std::fs::write(&record, digests).with_context(|| format!("cannot write `{}`", record.display()))
        }
        ["--check"] => {
            let recorded =
                std::fs::read_to_string(&record).with_context(|| format!("cannot read `{}`", record.display()))?;
            let found = artifacts::digests(&root, &root.join(artifacts::GUESTS))?;
            ensure!(
                recorded == found,
                "the guests are stale\nrecorded:\n{recorded}found:\n{found}run `guest-sdk/build`"
            );
            Ok(())
        }
        _ => bail!("usage: artifact_digests --write FOLDER | --check | --write-components FOLDER"),
    }
}
