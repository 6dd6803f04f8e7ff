//! A module map as bytes for the guests that build it: the engine's source bundle, and the front end's input. Their own `bundle`
//! modules say what they look like.

use isolet_domain::code::{Code, ModuleKind};

/// The kind of an entry of the import map, which travels among the modules.
const ALIAS: u32 = 10;

/// The engine's source bundle of plain code, without maps.
pub fn engine_bundle(code: &Code) -> Vec<u8> {
    let mut out = Vec::with_capacity(code.total_bytes() + 1024);
    put(&mut out, code.main_module().as_bytes());
    put_modules(&mut out, code, true);
    out
}

/// The front end's input for one of its jobs.
pub fn front_end_input(code: &Code, job: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(code.total_bytes() + 1024);
    out.extend_from_slice(&job.to_le_bytes());
    put(&mut out, code.main_module().as_bytes());
    put_modules(&mut out, code, false);
    out
}

fn put_modules(out: &mut Vec<u8>, code: &Code, with_maps: bool) {
    let import_map = &code.options().import_map;
    out.extend_from_slice(&length(code.modules().len() + import_map.len()));
    for (name, module) in code.modules() {
        let kind: u32 = match module.kind {
            ModuleKind::Js => 0,
            ModuleKind::Text => 1,
            ModuleKind::Json => 2,
            ModuleKind::Ts => 4,
            ModuleKind::Tsx => 5,
            ModuleKind::Jsx => 6,
            ModuleKind::Cjs => 7,
            ModuleKind::Data => 8,
            ModuleKind::Component => unreachable!("a component is no code for the engine"),
        };
        out.extend_from_slice(&kind.to_le_bytes());
        put(out, name.as_bytes());
        put(out, module.text.as_bytes());
        if with_maps {
            put(out, &[]);
        }
    }
    for (key, target) in import_map {
        out.extend_from_slice(&ALIAS.to_le_bytes());
        put(out, key.as_bytes());
        put(out, target.as_bytes());
        if with_maps {
            put(out, &[]);
        }
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&length(bytes.len()));
    out.extend_from_slice(bytes);
}

/// Module maps are bounded far below 4 GiB.
fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}
