//! Surgery on the engine component: finding its main module, replacing it, and assembling shells and stand-alone components.
//! Nothing here runs anything.

use std::ops::Range;

use wasm_encoder as enc;
use wasmparser as parse;

/// Why the engine component is not what this host expects. Only a wrong artifact leads here.
#[derive(Debug, thiserror::Error)]
pub enum SurgeryError {
    #[error("the engine component cannot be parsed")]
    Parse(#[from] parse::BinaryReaderError),
    #[error("the engine component is not laid out as expected: {0}")]
    Layout(&'static str),
}

/// The bytes of the component's main module: the largest at its top level.
pub fn main_module(component: &[u8]) -> Result<Range<usize>, SurgeryError> {
    let mut best: Option<(usize, Range<usize>)> = None;
    let (mut depth, mut index) = (0, 0);
    for payload in parse::Parser::new(0).parse_all(component) {
        match payload? {
            parse::Payload::Version { .. } => depth += 1,
            parse::Payload::End(_) => depth -= 1,
            parse::Payload::ModuleSection { unchecked_range, .. } if depth == 1 => {
                if best.as_ref().is_none_or(|(_, range)| range.len() < unchecked_range.len()) {
                    best = Some((index, unchecked_range));
                }
                index += 1;
            }
            _ => {}
        }
    }
    match best {
        Some((0, range)) => Ok(range),
        Some(_) => Err(SurgeryError::Layout("the main module is not the first")),
        None => Err(SurgeryError::Layout("there is no core module")),
    }
}

/// The same component with another main module.
pub fn with_main_module(component: &[u8], main: &[u8]) -> Result<Vec<u8>, SurgeryError> {
    Ok(rewrite(component, main)?.0.finish())
}

/// The shell: the component with another main module, which it also exports as `MAIN_MODULE`.
pub fn shell(component: &[u8], main: &[u8]) -> Result<Vec<u8>, SurgeryError> {
    let (mut out, _) = rewrite(component, main)?;
    let mut exports = enc::ComponentExportSection::new();
    exports.export(MAIN_MODULE, enc::ComponentExportKind::Module, 0, None);
    out.section(&exports);
    Ok(out.finish())
}

/// What the shell exports its main module as.
pub const MAIN_MODULE: &str = "engine";

/// The component with a function's overlay in it, which stands on its own.
pub fn with_overlay(component: &[u8], overlay: &[u8]) -> Result<Vec<u8>, SurgeryError> {
    let main = &component[main_module(component)?];
    let (mut out, layout) = rewrite(component, main)?;
    out.section(&enc::RawSection { id: enc::ComponentSectionId::CoreModule as u8, data: overlay });
    // Last of all instantiations, so that it writes over what the engine's own start left.
    let mut instances = enc::InstanceSection::new();
    instances.instantiate(layout.modules, [(MEMORY_MODULE, enc::ModuleArg::Instance(layout.main_instance))]);
    out.section(&instances);
    Ok(out.finish())
}

/// What an overlay imports its memory as.
pub const MEMORY_MODULE: &str = "engine";
pub const MEMORY_NAME: &str = "memory";

/// The main module's memory as an import sees it. Its size is the minimum; it may have grown since.
pub fn memory_type(main: &[u8]) -> Result<enc::MemoryType, SurgeryError> {
    for payload in parse::Parser::new(0).parse_all(main) {
        if let parse::Payload::MemorySection(memories) = payload?
            && let Some(memory) = memories.into_iter().next()
        {
            let memory = memory?;
            return Ok(enc::MemoryType {
                minimum: memory.initial,
                maximum: memory.maximum,
                memory64: memory.memory64,
                shared: memory.shared,
                page_size_log2: memory.page_size_log2,
            });
        }
    }
    Err(SurgeryError::Layout("the main module has no memory"))
}

/// A frozen module and, apart, the memory it starts with.
pub struct Hollow {
    /// The module without its data: whoever instantiates it sees to the memory's contents.
    pub module: Vec<u8>,
    pub memory: Vec<u8>,
}

/// Takes the data out of a module whose memory is written by plain segments alone.
pub fn hollow(main: &[u8]) -> Result<Hollow, SurgeryError> {
    let pages = usize::try_from(memory_type(main)?.minimum).unwrap_or(usize::MAX);
    let mut memory = vec![0; pages.min(65_536) * 65_536];
    let mut module = enc::Module::new();
    for payload in parse::Parser::new(0).parse_all(main) {
        let payload = payload?;
        match &payload {
            parse::Payload::StartSection { .. } => {
                return Err(SurgeryError::Layout("the frozen module would start again"));
            }
            parse::Payload::DataCountSection { .. } => {}
            parse::Payload::DataSection(segments) => {
                for segment in segments.clone() {
                    let segment = segment?;
                    // What the freezing left of segments that were written before it.
                    if segment.data.is_empty() {
                        continue;
                    }
                    let place = segment_place(&segment)?;
                    let target = place.checked_add(segment.data.len()).and_then(|end| memory.get_mut(place..end));
                    target.ok_or(SurgeryError::Layout("data lies outside the memory"))?.copy_from_slice(segment.data);
                }
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    module.section(&enc::RawSection { id, data: &main[range] });
                }
            }
        }
    }
    Ok(Hollow { module: module.finish(), memory })
}

fn segment_place(segment: &parse::Data<'_>) -> Result<usize, SurgeryError> {
    let parse::DataKind::Active { memory_index: 0, offset_expr } = &segment.kind else {
        return Err(SurgeryError::Layout("a data segment is not written at the start"));
    };
    let mut operators = offset_expr.get_operators_reader();
    match operators.read()? {
        parse::Operator::I32Const { value } => Ok(value.cast_unsigned() as usize),
        _ => Err(SurgeryError::Layout("a data segment's place is not a constant")),
    }
}

/// Index spaces of the rewritten component that others continue.
struct Layout {
    modules: u32,
    main_instance: u32,
}

fn rewrite(component: &[u8], main: &[u8]) -> Result<(enc::Component, Layout), SurgeryError> {
    let old_main = main_module(component)?;
    let mut out = enc::Component::new();
    let mut layout = Layout { modules: 0, main_instance: u32::MAX };
    let (mut depth, mut instances, mut skip_until) = (0, 0, 0);
    for payload in parse::Parser::new(0).parse_all(component) {
        let payload = payload?;
        match &payload {
            parse::Payload::Version { .. } => depth += 1,
            parse::Payload::End(_) => depth -= 1,
            _ if depth != 1 => {}
            parse::Payload::ModuleSection { unchecked_range, .. } => {
                let data = if *unchecked_range == old_main { main } else { &component[unchecked_range.clone()] };
                out.section(&enc::RawSection { id: enc::ComponentSectionId::CoreModule as u8, data });
                layout.modules += 1;
                skip_until = unchecked_range.end;
            }
            parse::Payload::CustomSection(_) => {}
            other => {
                if let parse::Payload::InstanceSection(section) = other {
                    for instance in section.clone() {
                        if matches!(instance?, parse::Instance::Instantiate { module_index: 0, .. }) {
                            layout.main_instance = instances;
                        }
                        instances += 1;
                    }
                }
                if let Some((id, range)) = other.as_section()
                    && range.start >= skip_until
                {
                    out.section(&enc::RawSection { id, data: &component[range] });
                    if id == enc::ComponentSectionId::Component as u8 {
                        skip_until = 0;
                    }
                }
            }
        }
        if let parse::Payload::ComponentSection { unchecked_range, .. } = &payload
            && depth == 1
        {
            out.section(&enc::RawSection {
                id: enc::ComponentSectionId::Component as u8,
                data: &component[unchecked_range.clone()],
            });
            skip_until = unchecked_range.end;
        }
    }
    if layout.main_instance == u32::MAX {
        return Err(SurgeryError::Layout("nothing instantiates the main module"));
    }
    Ok((out, layout))
}
