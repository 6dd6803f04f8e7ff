//! The front end's compiled code: made when it is first needed, once for each data folder, and never believed unchecked.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use isolet_domain::access::TenantScope;
use isolet_domain::execute::{GuestExecutor as _, PrepareOptions};
use isolet_domain::limits::Limits;
use isolet_runtime::WasmExecutor;
use isolet_runtime::config::{Part, RuntimeConfig, Slow};
use isolet_tests::guest::modules;

const OPTIONS: PrepareOptions = PrepareOptions { limits: Limits::DEFAULT, fresh: true };

/// What had to be compiled for a new process to build plain JavaScript, and then TypeScript.
async fn compiled(dir: &Path) -> [Vec<Part>; 2] {
    let told = Arc::new(Mutex::new(Vec::new()));
    let slow: Slow = Arc::new({
        let told = told.clone();
        move |part| told.lock().expect("nobody panicked").push(part)
    });
    let config = RuntimeConfig { cache_dir: Some(dir.to_owned()), max_instances: 8, ..RuntimeConfig::default() };
    let executor = WasmExecutor::start(&config, &slow).unwrap_or_else(|error| panic!("{error:?}"));
    let mut parts = [Vec::new(), Vec::new()];
    for (index, name) in ["main.js", "main.ts"].into_iter().enumerate() {
        let code = modules(&[(name, "export default { fetch: () => new Response('x') }")]);
        executor.prepare(&TenantScope::local(), &code, OPTIONS).await.unwrap_or_else(|error| panic!("{error:?}"));
        parts[index] = std::mem::take(&mut *told.lock().expect("nobody panicked"));
    }
    parts
}

fn image(dir: &Path) -> Option<PathBuf> {
    let mut files = std::fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path());
    files.find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("front-end-")))
}

#[tokio::test]
async fn it_is_compiled_when_it_is_needed_and_once_for_a_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    assert_eq!(compiled(dir.path()).await, [vec![Part::Engine], vec![Part::FrontEnd]]);
    assert_eq!(compiled(dir.path()).await, [vec![], vec![]]);
    let image = image(dir.path()).expect("it was kept");
    let mut bytes = std::fs::read(&image).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&image, bytes).expect("writable");
    assert_eq!(compiled(dir.path()).await, [vec![], vec![Part::FrontEnd]], "changed code is not run but made anew");
}
