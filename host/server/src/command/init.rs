//! `isolet init` and `isolet types`: the files a project begins with. Nothing that is there is written over but the types, which are the
//! binary's own.

#![allow(clippy::print_stdout, reason = "what was written goes to stdout")]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, ValueEnum};
use isolet_domain::ids::FunctionName;
use serde_json::json;

/// What the runtime has, for TypeScript.
const TYPES: &str = concat!(
    include_str!("../../../../guest-sdk/types/index.d.ts"),
    "\n",
    include_str!("../../../../guest-sdk/types/node.d.ts")
);
const TYPES_FILE: &str = "isolet.d.ts";
const TSCONFIG: &str = include_str!("../../templates/tsconfig.json");
const ENTRY: &str = "src/main.ts";

#[derive(Clone, Copy, ValueEnum)]
enum Template {
    /// Answers every request.
    Hello,
    /// Patterns of paths, and JSON.
    Router,
    /// Asks another server.
    Fetch,
}

impl Template {
    const fn entry(self) -> &'static str {
        match self {
            Self::Hello => include_str!("../../templates/hello.ts"),
            Self::Router => include_str!("../../templates/router.ts"),
            Self::Fetch => include_str!("../../templates/fetch.ts"),
        }
    }

    /// What shows that it works.
    const fn example(self) -> &'static str {
        match self {
            Self::Hello | Self::Fetch => "-p Ada",
            Self::Router => "--path /hello/Ada",
        }
    }
}

#[derive(Args)]
pub struct InitArguments {
    /// The project's folder, made if it is not there; its name is the function's.
    #[arg(default_value = ".")]
    folder: PathBuf,
    #[arg(short, long, value_enum, default_value = "hello")]
    template: Template,
}

#[derive(Args)]
pub struct TypesArguments {
    /// The file to write; `-` is stdout.
    #[arg(default_value = TYPES_FILE)]
    file: PathBuf,
}

pub fn init(InitArguments { folder, template }: InitArguments) -> Result<u8> {
    let name = function_name(&folder)?;
    let package = json!({ "name": name.as_str(), "private": true, "type": "module", "main": ENTRY });
    let files = [
        ("package.json", format!("{package:#}\n")),
        ("tsconfig.json", TSCONFIG.to_owned()),
        (TYPES_FILE, TYPES.to_owned()),
        (ENTRY, template.entry().to_owned()),
    ];
    // All or nothing.
    if let Some((there, _)) = files.iter().find(|(file, _)| folder.join(file).symlink_metadata().is_ok()) {
        return Err(anyhow!("`{}` is there already: nothing was written", folder.join(there).display()));
    }
    for (file, text) in &files {
        write_new(&folder.join(file), text)?;
    }
    let entry = folder.join(ENTRY);
    println!("{name}: {} and {} more files", entry.display(), files.len() - 1);
    println!("  isolet run {} {}\n  isolet dev {}", entry.display(), template.example(), folder.display());
    Ok(0)
}

pub fn types(TypesArguments { file }: TypesArguments) -> Result<u8> {
    if file == Path::new("-") {
        print!("{TYPES}");
        return Ok(0);
    }
    std::fs::write(&file, TYPES).with_context(|| format!("cannot write `{}`", file.display()))?;
    println!("{}", file.display());
    Ok(0)
}

/// The folder's name, if a function can have it.
fn function_name(folder: &Path) -> Result<FunctionName> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let whole = folder.canonicalize().with_context(|| format!("cannot read `{}`", folder.display()))?;
    let name = whole.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    FunctionName::parse(name)
        .map_err(|error| anyhow!("`{name}` cannot be a function's name ({error}): name the folder otherwise"))
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    let write = || {
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))
}
