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

use super::project;

/// What the runtime has, for TypeScript.
const TYPES: &str = concat!(
    include_str!("../../../../guest-sdk/types/index.d.ts"),
    "\n",
    include_str!("../../../../guest-sdk/types/node.d.ts")
);
const TYPES_FILE: &str = "isolet.d.ts";
const PROJECT: &str = include_str!("../../templates/function.toml");
const TSCONFIG: &str = include_str!("../../templates/tsconfig.json");
const ENTRY: &str = "src/main.ts";
const RUST_ENTRY: &str = "src/lib.rs";
/// What functions in Rust depend on.
const SDK_CRATE: &str = "isolet";

#[derive(Clone, Copy, ValueEnum)]
enum Template {
    /// Answers every request.
    Hello,
    /// Patterns of paths, and JSON.
    Router,
    /// Asks another server.
    Fetch,
    /// A component in Rust; it takes an operator's key to deploy one.
    Rust,
}

impl Template {
    const fn entry(self) -> &'static str {
        match self {
            Self::Hello => include_str!("../../templates/hello.ts"),
            Self::Router => include_str!("../../templates/router.ts"),
            Self::Fetch => include_str!("../../templates/fetch.ts"),
            Self::Rust => include_str!("../../templates/rust.rs"),
        }
    }

    /// The files of a project in `folder`, the entry last; and what shows that they work.
    fn project(self, name: &FunctionName, folder: &Path, sdk: &str) -> Result<(Files, String)> {
        let shown = folder.display();
        let arguments = match self {
            Self::Hello | Self::Fetch => "-p Ada",
            Self::Router => "--path /hello/Ada",
            Self::Rust => return rust(name, folder, sdk),
        };
        let package = json!({ "name": name.as_str(), "private": true, "type": "module", "main": ENTRY });
        let files = vec![
            (project::FILE, PROJECT.replace("NAME", name.as_str()).replace("ENTRY", ENTRY)),
            ("package.json", format!("{package:#}\n")),
            ("tsconfig.json", TSCONFIG.to_owned()),
            (TYPES_FILE, TYPES.to_owned()),
            (ENTRY, self.entry().to_owned()),
        ];
        let entry = folder.join(ENTRY);
        Ok((files, format!("  isolet run {} {arguments}\n  isolet dev {shown}", entry.display())))
    }
}

/// Names and texts.
type Files = Vec<(&'static str, String)>;

fn rust(name: &FunctionName, folder: &Path, sdk: &str) -> Result<(Files, String)> {
    // Cargo knows no such names, or would take the crate for its own dependency.
    if name.as_str().starts_with(|c: char| c.is_ascii_digit()) || name.as_str() == SDK_CRATE {
        return Err(anyhow!("`{name}` cannot be a crate's name here: name the folder otherwise"));
    }
    // A string of TOML has JSON's escapes for all that a path can hold.
    let quoted = json!(sdk).to_string();
    let manifest = include_str!("../../templates/rust.toml").replace("NAME", name.as_str()).replace("\"SDK\"", &quoted);
    let files = vec![
        ("Cargo.toml", manifest),
        (".gitignore", "/target\n".to_owned()),
        (RUST_ENTRY, Template::Rust.entry().to_owned()),
    ];
    let built = folder.join("target/wasm32-wasip2/release").join(format!("{}.wasm", name.as_str().replace('-', "_")));
    let how = format!(
        "  rustup target add wasm32-wasip2\n  cargo build --release --target wasm32-wasip2 --manifest-path {}\n  isolet deploy {} --name {name}",
        folder.join("Cargo.toml").display(),
        built.display()
    );
    Ok((files, how))
}

#[derive(Args)]
pub struct InitArguments {
    /// The project's folder, made if it is not there; its name is the function's.
    #[arg(default_value = ".")]
    folder: PathBuf,
    #[arg(short, long, value_enum, default_value = "hello")]
    template: Template,
    /// With `--template rust`: where the crate `isolet` is, seen from the project.
    #[arg(long, value_name = "PATH", default_value = "../isolet/guest-sdk/rust")]
    sdk: String,
}

#[derive(Args)]
pub struct TypesArguments {
    /// The file to write; `-` is stdout.
    #[arg(default_value = TYPES_FILE)]
    file: PathBuf,
}

pub fn init(InitArguments { folder, template, sdk }: InitArguments) -> Result<u8> {
    let name = function_name(&folder)?;
    let (files, how) = template.project(&name, &folder, &sdk)?;
    // All or nothing.
    if let Some((there, _)) = files.iter().find(|(file, _)| folder.join(file).symlink_metadata().is_ok()) {
        return Err(anyhow!("`{}` is there already: nothing was written", folder.join(there).display()));
    }
    for (file, text) in &files {
        write_new(&folder.join(file), text)?;
    }
    let entry = files.last().map(|(file, _)| folder.join(file)).unwrap_or_default();
    println!("{name}: {} and {} more files\n{how}", entry.display(), files.len() - 1);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_in_rust_is_a_crate_of_its_own() {
        let (name, folder) = (FunctionName::parse("my-hook").expect("a name"), Path::new("my-hook"));
        let (files, how) = Template::Rust.project(&name, folder, "../a \"b\"/rust").expect("made");
        let manifest: toml::Table = files[0].1.parse().expect("TOML");
        assert_eq!(manifest["package"]["name"].as_str(), Some("my-hook"));
        assert_eq!(manifest["dependencies"]["isolet"]["path"].as_str(), Some("../a \"b\"/rust"));
        assert_eq!(manifest["lib"]["crate-type"][0].as_str(), Some("cdylib"));
        assert!(manifest.contains_key("workspace"));
        assert!(how.contains("release/my_hook.wasm --name my-hook"), "{how}");
        for bad in ["isolet", "9lives"] {
            let name = FunctionName::parse(bad).expect("a name");
            assert!(Template::Rust.project(&name, folder, "").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_project_in_javascript_says_its_name_and_entry() {
        let name = FunctionName::parse("shop").expect("a name");
        for template in [Template::Hello, Template::Router, Template::Fetch] {
            let (files, _) = template.project(&name, Path::new("shop"), "").expect("made");
            let folder = tempfile::tempdir().expect("a folder");
            let folder = folder.path();
            files.iter().for_each(|(file, text)| write_new(&folder.join(file), text).expect("written"));
            let project = project::Project::read(folder).expect("understood");
            assert_eq!(
                (project.name.as_ref(), project.entry().expect("there")),
                (Some(&name), Some(folder.join(ENTRY)))
            );
            // What it only mentions is right where it is used.
            let text = std::fs::read_to_string(folder.join(project::FILE)).expect("written");
            std::fs::write(folder.join(project::FILE), text.replace("# tenant", "tenant")).expect("written");
            assert_eq!(project::Project::read(folder).expect("understood").tenant.as_deref(), Some("demo"));
        }
    }

    /// The crate's own page shows the same code, and `guest-sdk/rust/build` the same settings.
    #[test]
    fn the_template_is_what_the_crates_page_says() {
        let page = include_str!("../../../../guest-sdk/rust/README.md");
        assert!(page.contains(Template::Rust.entry()), "README.md shows other code");
        let own: toml::Table = include_str!("../../../../guest-sdk/rust/Cargo.toml").parse().expect("TOML");
        let made: toml::Table = include_str!("../../templates/rust.toml").parse().expect("TOML");
        assert_eq!(own["profile"], made["profile"]);
        assert_eq!(own["package"]["edition"], made["package"]["edition"]);
    }
}
