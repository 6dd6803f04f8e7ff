//! Components that were not made from JavaScript: having them compiled (by the helper, see `compiler`), kept and ready. They answer
//! like functions do, in `invoke`, each request in an instance of its own.

use std::sync::Arc;
use std::time::Duration;

use isolet_bindings::FunctionPre;
use isolet_domain::execute::GuestError;
use isolet_domain::ids::Digest;
use isolet_domain::outcome::Outcome;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::compiler::{Compiled, Compiler};
use crate::image::ImageCache;
use crate::instance::{InstanceState, link_guest};
use crate::overlay::Overlay;

const PREFIX: &str = "component-";
/// Bytes of compiled components kept in files.
const KEPT_BYTES: u64 = 1 << 30;

/// What answers a request.
pub enum Guest {
    /// The engine with a function's state.
    Function(Arc<Overlay>),
    Native(Arc<Native>),
}

/// Why a component is not ready.
pub enum NotReady {
    Code(Outcome, GuestError),
    Host(wasmtime::Error),
}

/// A component that is ready to be instantiated.
pub struct Native {
    pub pre: FunctionPre<InstanceState>,
    /// Of its compiled code.
    pub bytes: u64,
}

/// Compiles components and keeps what came of it, by the digest of the component.
pub struct Natives {
    compiler: Option<Arc<Compiler>>,
    cache: Option<ImageCache>,
}

impl Natives {
    pub fn new(compiler: Option<Arc<Compiler>>, cache: Option<ImageCache>) -> Self {
        Self { compiler, cache }
    }

    /// The component, compiled before or now. Says whether it was.
    pub fn load(&self, engine: &Engine, component: &[u8], cpu: Duration) -> Result<(Native, bool), NotReady> {
        let name = format!("{PREFIX}{}.bin", &Digest::of(component).to_hex()[..32]);
        if let Some(code) = self.cache.as_ref().and_then(|cache| cache.load(engine, &name))
            && let Ok(native) = self.ready(engine, &code)
        {
            return Ok((native, true));
        }
        let compiler = self.compiler.as_ref().ok_or_else(|| {
            refused("components are compiled by a host alone: deploy it to one (`isolet up`)".to_owned())
        })?;
        let code = match compiler.compile(component, cpu).map_err(|error| NotReady::Host(error.into()))? {
            Compiled::Code(code) => code,
            Compiled::Refused(why) => return Err(refused(why)),
            Compiled::OverBudget => {
                let message = format!(
                    "compiling took more than {} s of CPU time, or more memory than there is for it",
                    cpu.as_secs()
                );
                return Err(NotReady::Code(Outcome::BuildLimit, GuestError { message, ..GuestError::default() }));
            }
        };
        let native = self.ready(engine, &code)?;
        if let Some(cache) = &self.cache {
            cache.store(engine, &name, &code);
            cache.drop_oldest(PREFIX, KEPT_BYTES);
        }
        Ok((native, false))
    }

    /// Linked, which refuses once more whatever is not among the host's imports.
    pub(crate) fn ready(&self, engine: &Engine, code: &[u8]) -> Result<Native, NotReady> {
        // SAFETY: the bytes come from the helper, which is this very binary and trusted like it, over a pipe of its own; or from a
        // file of which the cache's key proves the same.
        let component = unsafe { Component::deserialize(engine, code) }.map_err(NotReady::Host)?;
        let linked = link_guest(engine).and_then(|linker| linker.instantiate_pre(&component));
        let pre = linked.and_then(FunctionPre::new).map_err(|error| refused(format!("{error:#}")))?;
        Ok(Native { pre, bytes: code.len() as u64 })
    }
}

fn refused(message: String) -> NotReady {
    NotReady::Code(Outcome::BuildFailed, GuestError { message, ..GuestError::default() })
}
