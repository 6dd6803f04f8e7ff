//! Compiling overlays without a compiler. All overlays run the same code over different data, so that code is compiled once per
//! size class, around a data segment of zeros; for a function the data is put in that segment's place. Cranelift takes two
//! milliseconds for the smallest module, loading a finished one a twentieth of that.

use std::sync::OnceLock;

use wasmtime::{Engine, Module};

use crate::overlay;

/// Data segments of 8 KiB to 1 MiB, each twice the last; what is larger is compiled.
const CLASSES: usize = 8;
const SMALLEST: usize = 8 << 10;
/// Stands at the start of a template's data so that its place can be found.
const MARK: &[u8; 32] = b"isolet overlay template: data ->";

/// The compiled templates.
pub struct Templates {
    /// Where the module's table goes while it runs: the end of the stack.
    scratch: usize,
    memory: wasm_encoder::MemoryType,
    classes: [OnceLock<Option<Template>>; CLASSES],
}

struct Template {
    /// A serialised module.
    bytes: Vec<u8>,
    /// Where its data starts.
    data: usize,
}

impl Templates {
    pub fn new(scratch: usize, memory: wasm_encoder::MemoryType) -> Self {
        Self { scratch, memory, classes: [const { OnceLock::new() }; CLASSES] }
    }

    /// The module of an overlay's data.
    pub fn module(&self, engine: &Engine, data: &[u8]) -> wasmtime::Result<Module> {
        let class = (0..CLASSES).find(|class| data.len() <= SMALLEST << class);
        let template = class.and_then(|class| {
            self.classes[class].get_or_init(|| self.compile(engine, SMALLEST << class).ok().flatten()).as_ref()
        });
        let Some(template) = template else {
            return Module::new(engine, overlay::module(data, self.memory, self.scratch));
        };
        let mut bytes = template.bytes.clone();
        bytes[template.data..template.data + data.len()].copy_from_slice(data);
        // The rest of the class's zeros stands behind the data, where the code never reads.
        bytes[template.data + data.len()..template.data + MARK.len().max(data.len())].fill(0);
        // SAFETY: these bytes are this process's own serialisation of a module it compiled, with the contents of a passive data
        // segment replaced by others of at most the same length. No code or metadata depends on them.
        unsafe { Module::deserialize(engine, bytes) }
    }

    /// `None` when the mark does not stand exactly once in what was compiled: then there is no telling where the data is.
    fn compile(&self, engine: &Engine, size: usize) -> wasmtime::Result<Option<Template>> {
        let mut data = vec![0; size];
        data[..MARK.len()].copy_from_slice(MARK);
        let bytes = Module::new(engine, overlay::module(&data, self.memory, self.scratch))?.serialize()?;
        let mut found =
            bytes.windows(MARK.len()).enumerate().filter(|(_, window)| window == MARK).map(|(place, _)| place);
        let place = found.next().filter(|place| bytes.len() - place >= size);
        Ok(place.filter(|_| found.next().is_none()).map(|data| Template { bytes, data }))
    }
}
