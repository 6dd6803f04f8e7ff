//! The image is built from what `deploy/Containerfile` copies, and from nothing else: whatever the host's crates take from the checkout
//! must be among it. And what the image and the pods set, a host must understand. The image is not built here, which takes a container
//! engine; the pods' schema is checked by tests/run.

use std::path::{Component, Path, PathBuf};

use isolet_server::config::Config;
use isolet_tests::artifacts::checkout;

/// The places that are copied, below the checkout.
fn copied() -> Vec<PathBuf> {
    let text = std::fs::read_to_string(checkout().join("deploy/Containerfile")).expect("there");
    let lines = text.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|line| !line.starts_with("--"));
    lines.flat_map(|line| line.split_whitespace().rev().skip(1).map(PathBuf::from)).collect()
}

/// Without `..`, read as text: links are not followed.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut whole, part| {
        match part {
            Component::ParentDir => drop(whole.pop()),
            part => whole.push(part),
        }
        whole
    })
}

/// The places that the sources below this folder name relative to themselves (`"../…"` in a macro, or relative to their crate).
fn named(folder: &Path, crate_root: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(checkout().join(folder)).expect("a folder") {
        let entry = entry.expect("readable");
        let path = folder.join(entry.file_name());
        if entry.file_type().expect("known").is_dir() {
            named(&path, crate_root, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(checkout().join(&path)).expect("text");
            for quoted in text.split('"').skip(1).step_by(2).filter(|quoted| quoted.starts_with("../")) {
                let from = if text.contains(&format!("!(\"{quoted}\")")) { folder } else { crate_root };
                found.push(normal(&from.join(quoted)));
            }
        }
    }
}

#[test]
fn the_image_is_built_from_all_that_the_host_takes() {
    let copied = copied();
    let manifest = std::fs::read_to_string(checkout().join("Cargo.toml")).expect("there");
    let mut needed: Vec<PathBuf> = manifest
        .split("path = \"")
        .skip(1)
        .map(|rest| PathBuf::from(rest.split('"').next().expect("a path")))
        .collect();
    assert!(needed.contains(&PathBuf::from("guest-sdk/modules")), "{needed:?}");
    for name in ["api", "bindings", "domain", "runtime", "server", "storage"] {
        let root = Path::new("host").join(name);
        named(&root.join("src"), &root, &mut needed);
    }
    assert!(needed.contains(&PathBuf::from("guest-sdk/artifacts/engine.wasm")), "{needed:?}");
    for place in &needed {
        assert!(
            copied.iter().any(|copied| place.starts_with(copied)),
            "{} is not copied into the image",
            place.display()
        );
    }
}

/// The variables that the pods get, with their values; those from elsewhere have none.
fn pod_variables(manifest: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = manifest.lines().map(str::trim).collect();
    let named = lines.iter().zip(&lines[1..]).filter_map(|(line, next)| {
        let name = line.strip_prefix("- name: ").filter(|name| name.starts_with("ISOLET_"))?;
        let value = next.strip_prefix("value: ").unwrap_or("redis://redis.example:6379").trim_matches(['"', '\'']);
        Some((name.to_owned(), value.to_owned()))
    });
    named.collect()
}

#[test]
fn pods_set_what_a_host_understands() {
    let manifest = std::fs::read_to_string(checkout().join("deploy/kubernetes/isolet.yaml")).expect("there");
    let image = std::fs::read_to_string(checkout().join("deploy/Containerfile")).expect("there");
    let of_image =
        image.lines().filter_map(|line| line.trim_start_matches("ENV").trim().strip_suffix('\\').or(Some(line.trim())));
    let of_image =
        of_image.filter_map(|line| line.trim().split_once('=')).filter(|(name, _)| name.starts_with("ISOLET_"));
    let of_image = of_image.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let variables: Vec<_> = of_image.chain(pod_variables(&manifest)).collect();
    assert_eq!(variables.len(), 9, "{variables:?}");
    let config = Config::load(None, variables).expect("settings");
    config.check().expect("safe");
    assert_eq!(config.control_plane.allowed_hosts, ["admin.isolet.example"]);
    assert_eq!(config.ingress.base_domain, "functions.isolet.example");
    let public = [config.control_plane.public_url, config.ingress.public_url].map(|url| url.map(|url| url.to_string()));
    let https = |host: &str| Some(format!("https://{host}.isolet.example"));
    assert_eq!(public, [https("admin"), https("functions")]);
    assert!(!config.ingress.address.ip().is_loopback() && config.storage.redis.url.is_some());
    // Pods end after the host has drained, and their data folder is where the volumes are.
    let grace = manifest.split("terminationGracePeriodSeconds: ").nth(1).and_then(|rest| rest.lines().next());
    assert!(grace.and_then(|seconds| seconds.parse::<u64>().ok()).is_some_and(|grace| grace > config.server.drain_s));
    let data = config.server.data_dir.display();
    assert!(manifest.contains(&format!("mountPath: {data}\n")) && manifest.contains(&format!("/keys/*.key {data}/")));
}
