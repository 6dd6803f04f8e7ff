//! The written form of aliases: a part of the record of a function. A host that knows no aliases reads and writes `live` alone, the
//! version that gets most of the traffic; when that says something else than the aliases, such a host was the last to deploy.

use std::collections::BTreeMap;

use http::HeaderName;
use isolet_domain::alias::{Alias, Share, Split, Sticky};
use isolet_domain::ids::{AliasName, VersionId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::envelope::{parse, parse_time};

#[derive(Serialize, Deserialize)]
pub(super) struct AliasRecord {
    split: Vec<ShareRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sticky_header: Option<String>,
    updated_at: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<Vec<ShareRecord>>,
}

#[derive(Serialize, Deserialize)]
struct ShareRecord {
    version: String,
    weight: u16,
}

pub(super) fn of_aliases(aliases: &BTreeMap<AliasName, Alias>) -> BTreeMap<String, AliasRecord> {
    let record = |alias: &Alias| AliasRecord {
        split: of_split(&alias.split),
        sticky_header: match &alias.sticky {
            Sticky::None => None,
            Sticky::Header(name) => Some(name.as_str().to_owned()),
        },
        updated_at: alias.updated_at.to_string(),
        earlier: alias.earlier.iter().map(of_split).collect(),
    };
    aliases.iter().map(|(name, alias)| (name.to_string(), record(alias))).collect()
}

/// The aliases, and `live` as the host left it that wrote last.
pub(super) fn into_aliases(
    records: BTreeMap<String, AliasRecord>,
    live: Option<&str>,
    updated_at: Timestamp,
) -> Result<BTreeMap<AliasName, Alias>, String> {
    let mut aliases = BTreeMap::new();
    for (name, record) in records {
        let sticky = match &record.sticky_header {
            Some(header) => Sticky::Header(parse("sticky_header", header, str::parse::<HeaderName>)?),
            None => Sticky::None,
        };
        let alias = Alias {
            split: into_split(record.split)?,
            sticky,
            updated_at: parse_time("updated_at", &record.updated_at)?,
            earlier: record.earlier.into_iter().map(into_split).collect::<Result<_, _>>()?,
        };
        aliases.insert(parse("aliases", &name, AliasName::parse)?, alias);
    }
    let Some(live) = live else { return Ok(aliases) };
    let live = parse("live", live, VersionId::parse)?;
    match aliases.get_mut(&AliasName::live()) {
        Some(alias) if *alias.split.heaviest() == live => {}
        Some(alias) => alias.point_at(Split::whole(live), updated_at),
        None => {
            let alias = Alias::new(Split::whole(live), Sticky::None, updated_at);
            aliases.insert(AliasName::live(), alias);
        }
    }
    Ok(aliases)
}

fn of_split(split: &Split) -> Vec<ShareRecord> {
    let record = |share: &Share| ShareRecord { version: share.version.to_string(), weight: share.weight };
    split.shares().iter().map(record).collect()
}

fn into_split(records: Vec<ShareRecord>) -> Result<Split, String> {
    let share = |record: ShareRecord| {
        Ok(Share { version: parse("version", &record.version, VersionId::parse)?, weight: record.weight })
    };
    let shares = records.into_iter().map(share).collect::<Result<_, String>>()?;
    Split::new(shares).map_err(|error| format!("`split`: {error}"))
}

#[cfg(test)]
mod tests {
    use isolet_domain::function::Function;
    use isolet_domain::ids::{Digest, FunctionName, TenantId};
    use serde_json::Value;

    use super::super::envelope::{decode, encode, function_key};
    use super::super::function::FunctionRecord;
    use super::super::rewrite;
    use super::*;

    fn version(name: &str) -> VersionId {
        VersionId::of(&Digest::of(name.as_bytes()))
    }

    /// What a host without aliases does: it sets `live` and leaves the rest, which it does not know.
    #[test]
    fn a_deploy_by_a_host_without_aliases_counts() {
        let name = FunctionName::parse("hello").expect("valid");
        let key = function_key(&TenantId::from_bytes([1; 16]), &name);
        let now = Timestamp::UNIX_EPOCH;
        let mut function = Function::new(name, now);
        function.deploy(AliasName::live(), version("a"), now);
        let split = [("b", 9_000), ("c", 1_000)].map(|(name, weight)| Share { version: version(name), weight });
        let alias = function.aliases.get_mut(&AliasName::live()).expect("deployed");
        alias.point_at(Split::new(split.to_vec()).expect("whole"), now);
        let bytes = encode::<FunctionRecord>(&key, &function);
        let mut record: Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(record["data"]["live"], version("b").as_str());

        record["data"]["live"] = version("d").as_str().into();
        let bytes = record.to_string().into_bytes();
        let read = decode::<FunctionRecord>(&key, &bytes).expect("readable");
        let alias = &read.aliases[&AliasName::live()];
        assert_eq!((alias.split.clone(), alias.earlier.len()), (Split::whole(version("d")), 2));
        // Written again it is the truth, for both.
        let again = rewrite::<FunctionRecord>(&key, &bytes, &read).expect("rewritten");
        assert_eq!(decode::<FunctionRecord>(&key, &again).expect("readable"), read);

        let aliases = record["data"].as_object_mut().expect("an object");
        aliases.remove("aliases");
        let bytes = record.to_string().into_bytes();
        let read = decode::<FunctionRecord>(&key, &bytes).expect("readable");
        assert_eq!(read.live(), Some(&version("d")));
        let again = rewrite::<FunctionRecord>(&key, &bytes, &read).expect("rewritten");
        assert_eq!(decode::<FunctionRecord>(&key, &again).expect("readable"), read);
    }
}
