//! Freezes the engine: `freeze RAW.wasm FROZEN.wasm` runs the raw engine component's initialisation and writes the component whose
//! main module starts from the memory as it was then. Part of rebuilding `guest-sdk/artifacts`; nothing at run time needs it.

use anyhow::{Context as _, Result, anyhow};
use isolet_runtime::component;
use wasmtime::{Caller, Engine, ExternType, Linker, Module, Store};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(raw), Some(frozen)) = (args.next(), args.next()) else {
        return Err(anyhow!("usage: freeze RAW.wasm FROZEN.wasm"));
    };
    let raw = std::fs::read(&raw).with_context(|| format!("cannot read `{raw}`"))?;
    let main = component::main_module(&raw)?;
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut wizer = wasmtime_wizer::Wizer::new();
    wizer.init_func("isolet-initialize");
    let freeze = wizer.run(&mut store, &raw[main], async |store, module| {
        let mut linker = Linker::new(module.engine());
        link(&mut linker, module)?;
        linker.instantiate_async(store, module).await
    });
    let base = pollster(freeze).map_err(|err| anyhow!("{err:?}"))?;
    let whole = component::with_main_module(&raw, &base)?;
    std::fs::write(&frozen, &whole).with_context(|| format!("cannot write `{frozen}`"))?;
    Ok(())
}

/// Everything the engine may ask while it initialises: a fixed hash seed. All else traps, so that nothing of this machine or this
/// moment ends up in the artifact.
fn link(linker: &mut Linker<()>, module: &Module) -> wasmtime::Result<()> {
    for import in module.imports() {
        if import.name() == "insecure-seed" && matches!(import.ty(), ExternType::Func(_)) {
            linker.func_wrap(import.module(), import.name(), |mut caller: Caller<'_, ()>, pointer: u32| {
                write(&mut caller, pointer, &[0x5A; 16])
            })?;
        }
        // QuickJS seeds its own generator (which the engine replaces) from the wall clock.
        if import.name() == "now" && import.module().contains("wall-clock") {
            linker.func_wrap(import.module(), import.name(), |mut caller: Caller<'_, ()>, pointer: u32| {
                write(&mut caller, pointer, &[0; 16])
            })?;
        }
    }
    linker.define_unknown_imports_as_traps(module)
}

fn write(caller: &mut Caller<'_, ()>, pointer: u32, bytes: &[u8]) -> wasmtime::Result<()> {
    // Wizer exports the memory under a name of its own while it instruments the module.
    let memory = ["memory", "__wizer_memory_0"].iter().find_map(|name| caller.get_export(name)?.into_memory());
    memory.ok_or_else(|| wasmtime::format_err!("no memory"))?.write(caller, pointer as usize, bytes)?;
    Ok(())
}

/// The freeze waits for nothing: every import answers or traps at once.
fn pollster<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
