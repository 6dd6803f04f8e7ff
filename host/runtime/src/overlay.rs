//! What start-up changed: the runs of bytes in which a function's memory differs from the base's, as a tiny core module that writes
//! them over a fresh base.

use std::ops::Range;

use wasm_encoder as enc;

use crate::component::{MEMORY_MODULE, MEMORY_NAME};

/// Equal stretches shorter than this do not end a run. Each run costs tens of microseconds when the overlay is compiled, each
/// kilobyte half a microsecond when an instance is made.
const MERGE_BYTES: usize = 4096;
const PAGE_BYTES: usize = 65_536;
const CHUNK: usize = 4096;

/// A memory's difference from the base.
#[derive(Debug)]
pub struct Overlay {
    /// The core module.
    pub module: Vec<u8>,
    /// Bytes it writes.
    pub bytes: u64,
    pub segments: u32,
}

/// Why a start-up is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLarge {
    Bytes(u64),
    Segments(u32),
}

/// Compares `memory` with `base` from `from` on, and writes the module. `ty` is the base's memory.
pub fn build(
    base: &[u8],
    memory: &[u8],
    from: usize,
    ty: enc::MemoryType,
    max_bytes: u64,
    max_segments: u32,
) -> Result<Overlay, TooLarge> {
    let runs = diff(base, memory, from, max_segments)?;
    let bytes = runs.iter().map(|run| run.len() as u64).sum();
    if bytes > max_bytes {
        return Err(TooLarge::Bytes(bytes));
    }
    let grown = (memory.len().saturating_sub(base.len())) / PAGE_BYTES;
    let segments = u32::try_from(runs.len()).unwrap_or(u32::MAX);
    Ok(Overlay { module: encode(memory, &runs, ty, grown), bytes, segments })
}

/// The runs of changed bytes. Beyond the end of the base, everything that is not zero has changed.
fn diff(base: &[u8], memory: &[u8], from: usize, max_segments: u32) -> Result<Vec<Range<usize>>, TooLarge> {
    const ZEROS: [u8; CHUNK] = [0; CHUNK];
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut at = from;
    while at < memory.len() {
        let end = (at + CHUNK).min(memory.len());
        let now = &memory[at..end];
        let was = base.get(at..end).unwrap_or(&ZEROS[..end - at]);
        if now != was {
            for (offset, _) in now.iter().zip(was).enumerate().filter(|(_, (now, was))| now != was) {
                let place = at + offset;
                match runs.last_mut() {
                    Some(last) if place - last.end < MERGE_BYTES => last.end = place + 1,
                    _ => {
                        runs.push(place..place + 1);
                        if runs.len() > max_segments as usize {
                            // Counting on would be work the tenant does not pay for.
                            return Err(TooLarge::Segments(max_segments));
                        }
                    }
                }
            }
        }
        at = end;
    }
    Ok(runs)
}

fn encode(memory: &[u8], runs: &[Range<usize>], ty: enc::MemoryType, grown_pages: usize) -> Vec<u8> {
    let mut module = enc::Module::new();
    let grows = grown_pages > 0;
    if grows {
        let mut types = enc::TypeSection::new();
        types.ty().function([], []);
        module.section(&types);
    }
    let mut imports = enc::ImportSection::new();
    imports.import(MEMORY_MODULE, MEMORY_NAME, ty);
    module.section(&imports);
    let mut data = enc::DataSection::new();
    if grows {
        // Active segments are written before the start function could grow the memory: passive ones, after it has.
        let mut functions = enc::FunctionSection::new();
        functions.function(0);
        module.section(&functions);
        module.section(&enc::StartSection { function_index: 0 });
        module.section(&enc::DataCountSection { count: u32::try_from(runs.len()).unwrap_or(u32::MAX) });
        let mut start = enc::Function::new([]);
        let mut code = start.instructions();
        // A refused growth traps below: the host sees its limiter's refusal and names it.
        code.i32_const(i32::try_from(grown_pages).unwrap_or(i32::MAX)).memory_grow(0).drop();
        for (index, run) in runs.iter().enumerate() {
            code.i32_const(address(run.start)).i32_const(0).i32_const(address(run.len()));
            code.memory_init(0, u32::try_from(index).unwrap_or(u32::MAX));
        }
        code.end();
        let mut bodies = enc::CodeSection::new();
        bodies.function(&start);
        module.section(&bodies);
        for run in runs {
            data.passive(memory[run.clone()].iter().copied());
        }
    } else {
        for run in runs {
            data.active(0, &enc::ConstExpr::i32_const(address(run.start)), memory[run.clone()].iter().copied());
        }
    }
    module.section(&data);
    module.finish()
}

/// An address of a 32-bit memory as the signed constant WebAssembly writes it as.
fn address(place: usize) -> i32 {
    u32::try_from(place).unwrap_or(u32::MAX).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(changes: &[usize], len: usize) -> Result<Vec<Range<usize>>, TooLarge> {
        let base = vec![0; 4 * PAGE_BYTES];
        let mut memory = vec![0; len];
        for place in changes {
            memory[*place] = 1;
        }
        diff(&base, &memory, 0, 8)
    }

    #[test]
    fn near_changes_share_a_run_and_far_ones_do_not() {
        let len = 4 * PAGE_BYTES;
        assert_eq!(runs(&[10, 20, 20 + MERGE_BYTES], len), Ok(vec![10..21 + MERGE_BYTES]));
        assert_eq!(
            runs(&[10, 20 + 2 * MERGE_BYTES], len),
            Ok(vec![10..11, 20 + 2 * MERGE_BYTES..21 + 2 * MERGE_BYTES])
        );
    }

    #[test]
    fn memory_past_the_base_counts_where_it_is_not_zero() {
        let place = 5 * PAGE_BYTES + 7;
        assert_eq!(runs(&[place], 6 * PAGE_BYTES), Ok(vec![place..place + 1]));
    }

    #[test]
    fn every_second_page_dirtied_is_refused_and_not_counted_out() {
        let changes: Vec<usize> = (0..30).map(|index| index * 2 * MERGE_BYTES).collect();
        assert_eq!(runs(&changes, 4 * PAGE_BYTES), Err(TooLarge::Segments(8)));
    }
}
