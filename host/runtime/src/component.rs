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

/// Where the main module comes from.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// Imported under this name, to be linked by the host.
    Import(&'a str),
    /// Part of the component.
    Embed(&'a [u8]),
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
    Ok(rewrite(component, Source::Embed(main), main)?.0.finish())
}

/// The shell: the component with its main module imported as `name`. Linking checks types, not content, so the name should say which.
pub fn shell(component: &[u8], name: &str) -> Result<Vec<u8>, SurgeryError> {
    let main = &component[main_module(component)?];
    Ok(rewrite(component, Source::Import(name), main)?.0.finish())
}

/// The component with a function's overlay in it, which stands on its own.
pub fn with_overlay(component: &[u8], overlay: &[u8]) -> Result<Vec<u8>, SurgeryError> {
    let main = &component[main_module(component)?];
    let (mut out, layout) = rewrite(component, Source::Embed(main), main)?;
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

fn rewrite(component: &[u8], main_source: Source<'_>, main: &[u8]) -> Result<(enc::Component, Layout), SurgeryError> {
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
                let data = if *unchecked_range == old_main {
                    match main_source {
                        Source::Embed(module) => Some(module),
                        Source::Import(name) => {
                            let mut types = enc::CoreTypeSection::new();
                            types.ty().module(&module_type(main)?);
                            out.section(&types);
                            let mut imports = enc::ComponentImportSection::new();
                            // The first core type there is: a component with some of its own is refused below.
                            imports.import(name, enc::ComponentTypeRef::Module(0));
                            out.section(&imports);
                            None
                        }
                    }
                } else {
                    Some(&component[unchecked_range.clone()])
                };
                if let Some(data) = data {
                    out.section(&enc::RawSection { id: enc::ComponentSectionId::CoreModule as u8, data });
                }
                layout.modules += 1;
                skip_until = unchecked_range.end;
            }
            parse::Payload::CustomSection(_) => {}
            other => {
                match other {
                    parse::Payload::InstanceSection(section) => {
                        for instance in section.clone() {
                            if matches!(instance?, parse::Instance::Instantiate { module_index: 0, .. }) {
                                layout.main_instance = instances;
                            }
                            instances += 1;
                        }
                    }
                    parse::Payload::CoreTypeSection(_) => {
                        return Err(SurgeryError::Layout("it has core types of its own"));
                    }
                    _ => {}
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

/// The type of a core module: its imports, and its exported functions and memory.
fn module_type(module: &[u8]) -> Result<enc::ModuleType, SurgeryError> {
    let mut types: Vec<parse::FuncType> = Vec::new();
    let mut function_types: Vec<u32> = Vec::new();
    let mut exports: Vec<(String, parse::ExternalKind, u32)> = Vec::new();
    let mut out = enc::ModuleType::new();
    let mut declared = 0;
    let mut declare = |out: &mut enc::ModuleType, ty: &parse::FuncType| -> Result<u32, SurgeryError> {
        let values = |list: &[parse::ValType]| list.iter().map(value_type).collect::<Result<Vec<_>, _>>();
        out.ty().function(values(ty.params())?, values(ty.results())?);
        declared += 1;
        Ok(declared - 1)
    };
    for payload in parse::Parser::new(0).parse_all(module) {
        match payload? {
            parse::Payload::TypeSection(section) => {
                for group in section {
                    for ty in group?.into_types() {
                        types.push(ty.unwrap_func().clone());
                    }
                }
            }
            parse::Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    let parse::TypeRef::Func(ty) = import.ty else {
                        return Err(SurgeryError::Layout("the main module imports something other than functions"));
                    };
                    let index = declare(&mut out, &types[ty as usize])?;
                    out.import(import.module, import.name, enc::EntityType::Function(index));
                    function_types.push(ty);
                }
            }
            parse::Payload::FunctionSection(section) => {
                for ty in section {
                    function_types.push(ty?);
                }
            }
            parse::Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    exports.push((export.name.to_owned(), export.kind, export.index));
                }
            }
            _ => {}
        }
    }
    for (name, kind, index) in exports {
        match kind {
            parse::ExternalKind::Func => {
                let ty = &types[function_types[index as usize] as usize];
                let index = declare(&mut out, ty)?;
                out.export(&name, enc::EntityType::Function(index));
            }
            parse::ExternalKind::Memory => {
                out.export(&name, enc::EntityType::Memory(memory_type(module)?));
            }
            _ => {}
        }
    }
    Ok(out)
}

fn value_type(ty: &parse::ValType) -> Result<enc::ValType, SurgeryError> {
    match ty {
        parse::ValType::I32 => Ok(enc::ValType::I32),
        parse::ValType::I64 => Ok(enc::ValType::I64),
        parse::ValType::F32 => Ok(enc::ValType::F32),
        parse::ValType::F64 => Ok(enc::ValType::F64),
        _ => Err(SurgeryError::Layout("the main module has a function with an unusual type")),
    }
}
