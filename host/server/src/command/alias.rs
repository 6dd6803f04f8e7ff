//! `isolet alias` and `isolet rollback`: which versions of a function get how much traffic.

use anyhow::{Result, anyhow, ensure};
use clap::{Args, Subcommand};
use http::Method;
use isolet_domain::alias::WHOLE;
use serde_json::{Value, json};

use super::confirm::Confirmation;
use super::remote::{FunctionArguments, HostArguments, Remote, text};

#[derive(Args)]
pub struct AliasArguments {
    #[command(subcommand)]
    verb: AliasVerb,
    #[command(flatten)]
    function: FunctionArguments,
    #[command(flatten)]
    host: HostArguments,
}

#[derive(Subcommand)]
enum AliasVerb {
    /// Show the function's aliases.
    List,
    /// Divide an alias's traffic: `live=v1:90,v2:10`, in per cent; one version alone gets all.
    Set {
        /// ALIAS=VERSION[:PER CENT],… A version is an id, or a number like `v3`. `v3:0` can be asked for and gets nothing by chance.
        split: String,
        /// Bind callers to a version by this header field, or by nothing: `none`. Without it that stays as it is.
        #[arg(long, value_name = "HEADER")]
        sticky: Option<String>,
    },
    /// Remove an alias that no route leads to.
    Delete {
        alias: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

#[derive(Args)]
pub struct RollbackArguments {
    /// The version to go back to; without it, the split before.
    #[arg(long)]
    to: Option<String>,
    #[command(flatten)]
    function: FunctionArguments,
    #[command(flatten)]
    host: HostArguments,
}

pub async fn alias(arguments: AliasArguments) -> Result<u8> {
    let (remote, function) = (Remote::of(&arguments.host)?, arguments.function.name()?);
    let base = remote.path(&format!("/functions/{function}/aliases"));
    match arguments.verb {
        AliasVerb::List => remote.show_data(&base, words).await?,
        AliasVerb::Set { split, sticky } => {
            let (alias, shares) = parse(&split)?;
            let mut wanted = Vec::new();
            for (version, weight) in shares {
                wanted.push(json!({ "version": remote.version(&function, &version).await?, "weight": weight }));
            }
            let path = remote.below(&base, &alias);
            let held = remote.ask(Method::GET, &path, None, None).await?;
            let mut body = json!({ "split": wanted });
            match sticky.as_deref() {
                Some("none") => {}
                Some(header) => body["sticky"] = json!({ "by": format!("header:{}", header.to_ascii_lowercase()) }),
                // Callers stay as bound as they are.
                None if held.json["sticky"].is_object() => body["sticky"] = held.json["sticky"].clone(),
                None => {}
            }
            // Under the tag of what is there now: whoever else changes it in between is not overwritten.
            let set = remote.ask(Method::PUT, &path, Some(&body), held.etag.as_deref()).await?.into_success()?;
            remote.show(&set, words);
        }
        AliasVerb::Delete { alias, confirmation } => {
            confirmation.ask(&format!("delete the alias `{alias}` of `{function}`"))?;
            let path = remote.below(&base, &alias);
            let tag = remote.ask(Method::GET, &path, None, None).await?.etag;
            remote.ask(Method::DELETE, &path, None, tag.as_deref()).await?.into_success()?;
            remote.show(&json!({ "deleted": alias }), |_| format!("{alias} is gone"));
        }
    }
    Ok(0)
}

pub async fn rollback(arguments: RollbackArguments) -> Result<u8> {
    let (remote, function) = (Remote::of(&arguments.host)?, arguments.function.name()?);
    let body = match &arguments.to {
        Some(version) => json!({ "to": remote.version(&function, version).await? }),
        None => json!({}),
    };
    let path = remote.path(&format!("/functions/{function}/rollback"));
    let alias = remote.call(Method::POST, &path, Some(&body)).await?;
    remote.show(&alias, words);
    Ok(0)
}

/// `live: 90 % v_…, 10 % v_… (sticky by header:x-user)`.
fn words(alias: &Value) -> String {
    let share = |share: &Value| {
        let per_cent = share["weight"].as_f64().unwrap_or_default() / 100.0;
        format!("{per_cent} % {}", text(share, "version"))
    };
    let shares: Vec<String> = alias["split"].as_array().into_iter().flatten().map(share).collect();
    let sticky = match text(&alias["sticky"], "by") {
        "none" => String::new(),
        by => format!(" (sticky by {by})"),
    };
    format!("{}: {}{sticky}", text(alias, "name"), shares.join(", "))
}

/// The alias, and versions with weights.
fn parse(split: &str) -> Result<(String, Vec<(String, u16)>)> {
    let wrong = || anyhow!("`{split}` is not ALIAS=VERSION[:PER CENT],…");
    let (alias, shares) = split.split_once('=').ok_or_else(wrong)?;
    let share = |share: &str| match share.split_once(':') {
        Some((version, per_cent)) => Ok((version.to_owned(), weight(per_cent)?)),
        None => Ok((share.to_owned(), WHOLE)),
    };
    let shares: Vec<_> = shares.split(',').map(share).collect::<Result<_>>()?;
    let sum: u32 = shares.iter().map(|(_, weight)| u32::from(*weight)).sum();
    ensure!(sum == u32::from(WHOLE), "the shares come to {} per cent, and must to 100", f64::from(sum) / 100.0);
    Ok((alias.to_owned(), shares))
}

/// Hundredths of a per cent: `0.5` is 50.
fn weight(per_cent: &str) -> Result<u16> {
    let wrong = || anyhow!("`{per_cent}` is not a share of 0 to 100 per cent with at most two decimals");
    let (whole, part) = per_cent.split_once('.').unwrap_or((per_cent, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if part.len() > 2 || whole.is_empty() || whole.len() > 3 || !digits(whole) || !digits(part) {
        return Err(wrong());
    }
    let hundredths: u16 = format!("{part:0<2}").parse().map_err(|_| wrong())?;
    let weight = whole.parse::<u16>().map_err(|_| wrong())? * 100 + hundredths;
    if weight <= WHOLE { Ok(weight) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_is_read_in_per_cent() {
        let shares = |split: &str| parse(split).map(|(alias, shares)| format!("{alias} {shares:?}")).ok();
        assert_eq!(shares("live=v1:90,v2:10").as_deref(), Some(r#"live [("v1", 9000), ("v2", 1000)]"#));
        assert_eq!(shares("live=v_x").as_deref(), Some(r#"live [("v_x", 10000)]"#));
        assert_eq!(
            shares("n=1:99.5,2:0.25,3:0.25,4:0").as_deref(),
            Some(r#"n [("1", 9950), ("2", 25), ("3", 25), ("4", 0)]"#)
        );
        for bad in
            ["live", "live=v1:", "live=v1:x", "live=v1:-1", "live=v1:101", "live=v1:1.234", "live=v1:+1", "live=v1:.5"]
        {
            assert_eq!(shares(bad), None, "{bad}");
        }
        let said = parse("live=v1:90,v2:9.5").expect_err("too little").to_string();
        assert_eq!(said, "the shares come to 99.5 per cent, and must to 100");
    }
}
