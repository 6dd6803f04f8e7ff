//! The front end: a guest without imports that reads what tenants wrote, so that nothing outside a sandbox does. Compiled at most once
//! per data folder, and only when it is first needed: plain JavaScript does not need it. What it is asked is in `reading`.

use std::sync::{Mutex, OnceLock, PoisonError};

use isolet_domain::ids::Digest;
use wasmtime::{Engine, Module};

use crate::config::{Part, Slow};
use crate::image::ImageCache;

/// The front end. Rebuilt by `guest-sdk/build`.
static FRONT_END: &[u8] = include_bytes!("../../../guest-sdk/artifacts/frontend.wasm");

/// The record of what was built. The digest is taken from here, as reading all of the front end would slow every start down.
static RECORD: &str = include_str!("../../../guest-sdk/artifacts/digests.txt");

/// The guest, compiled on demand.
pub struct FrontEnd {
    module: OnceLock<Module>,
    /// Held while it is compiled.
    making: Mutex<()>,
    cache: Option<ImageCache>,
    slow: Slow,
    digest: Digest,
}

impl FrontEnd {
    pub fn new(cache: Option<ImageCache>, slow: Slow) -> Self {
        Self { module: OnceLock::new(), making: Mutex::new(()), cache, slow, digest: digest_on_record() }
    }

    /// The digest of the artifact: part of every code key.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Compiles it ahead of the first need, unless it was compiled before in this cache folder.
    pub fn make_ready(&self, engine: &Engine) -> wasmtime::Result<()> {
        if self.cache.as_ref().is_some_and(|cache| cache.has(&self.file())) {
            return Ok(());
        }
        self.made(engine, &|| ()).map(drop)
    }

    /// The compiled guest: from memory, from the cache, or made now, which takes seconds.
    pub fn module(&self, engine: &Engine) -> wasmtime::Result<&Module> {
        self.made(engine, &|| (self.slow)(Part::FrontEnd))
    }

    fn made(&self, engine: &Engine, slow: &dyn Fn()) -> wasmtime::Result<&Module> {
        if let Some(module) = self.module.get() {
            return Ok(module);
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody may have made it while this one waited.
        if self.module.get().is_none() {
            let module = match self.load(engine) {
                Some(module) => module,
                None => {
                    slow();
                    self.compile(engine)?
                }
            };
            let _ = self.module.set(module);
        }
        Ok(self.module.get().expect("it was made just now"))
    }

    fn load(&self, engine: &Engine) -> Option<Module> {
        let image = self.cache.as_ref()?.load(engine, &self.file())?;
        // SAFETY: the cache's key proves that this host serialised these bytes with this engine's settings; they are in memory of
        // ours and are not read again from the file.
        unsafe { Module::deserialize(engine, &image) }.ok()
    }

    fn compile(&self, engine: &Engine) -> wasmtime::Result<Module> {
        let module = Module::new(engine, FRONT_END)?;
        if let Some(cache) = &self.cache {
            cache.store(engine, &self.file(), &module.serialize()?);
        }
        Ok(module)
    }

    fn file(&self) -> String {
        format!("front-end-{}.bin", &self.digest.to_hex()[..32])
    }
}

fn digest_on_record() -> Digest {
    let recorded = RECORD.lines().find_map(|line| line.strip_suffix("  frontend.wasm"));
    let digest = recorded.and_then(|hex| Digest::parse(&format!("b3:{hex}")).ok());
    digest.expect("the build script records it beside the front end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_on_record_is_the_front_ends() {
        assert_eq!(digest_on_record(), Digest::of(FRONT_END));
    }
}
