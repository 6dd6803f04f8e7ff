//! What start-up changed: the runs of bytes in which a function's memory differs from the base's. In this host they are written over a
//! slot that shows the base (see `memory`); in an exported component a tiny core module does that.

use std::ops::Range;

use wasm_encoder as enc;

use crate::component::{MEMORY_MODULE, MEMORY_NAME};
use crate::config::MAX_MEMORY_BYTES;

const PAGE_BYTES: usize = 4096;
/// Equal stretches shorter than this do not end a run: each run costs eight bytes of table and one bulk copy.
const MERGE_BYTES: usize = 64;
const WASM_PAGE_BYTES: usize = 65_536;

/// A memory's difference from the base.
#[derive(Debug)]
pub struct Overlay {
    /// Changed runs in their order, apart from each other.
    runs: Vec<Range<usize>>,
    /// Their contents, one after the other.
    contents: Vec<u8>,
    /// Where in `contents` each run's begin.
    places: Vec<usize>,
    /// How many pages it has something in.
    pub pages: usize,
    /// The memory's size.
    pub memory_bytes: usize,
}

/// Why a start-up is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLarge {
    Bytes(u64),
    Segments(u32),
}

impl Overlay {
    fn of(runs: Vec<Range<usize>>, contents: Vec<u8>, memory_bytes: usize) -> Self {
        let next = |place: &mut usize, run: &Range<usize>| {
            let this = *place;
            *place += run.len();
            Some(this)
        };
        let places = runs.iter().scan(0, next).collect();
        let pages = count_pages(&runs);
        Self { runs, contents, places, pages, memory_bytes }
    }

    /// Places and contents.
    pub fn runs(&self) -> impl Iterator<Item = (Range<usize>, &[u8])> {
        self.within(0..usize::MAX)
    }

    /// The same of what lies in `bytes`.
    pub fn within(&self, bytes: Range<usize>) -> impl Iterator<Item = (Range<usize>, &[u8])> {
        let (start, end) = (bytes.start, bytes.end);
        let first = self.runs.partition_point(|run| run.end <= start);
        let runs = self.runs[first..].iter().zip(&self.places[first..]);
        runs.take_while(move |(run, _)| run.start < end).map(move |(run, place)| {
            let part = run.start.max(start)..run.end.min(end);
            let from = place + part.start - run.start;
            (part.clone(), &self.contents[from..from + part.len()])
        })
    }

    /// Bytes that differ.
    pub fn bytes(&self) -> u64 {
        self.contents.len() as u64
    }

    /// Places they are in.
    pub fn segments(&self) -> u32 {
        u32::try_from(self.runs.len()).unwrap_or(u32::MAX)
    }

    /// For a file: the memory's size, the number of runs, each run's place and length, all as little-endian u32; then the contents.
    pub fn to_bytes(&self) -> Vec<u8> {
        let places = self.runs.iter().flat_map(|run| [run.start, run.len()]);
        let numbers = [self.memory_bytes, self.runs.len()].into_iter().chain(places);
        let mut bytes = Vec::with_capacity(8 * (self.runs.len() + 1) + self.contents.len());
        numbers.for_each(|number| bytes.extend_from_slice(&address(number).to_le_bytes()));
        bytes.extend_from_slice(&self.contents);
        bytes
    }

    /// What [`Overlay::to_bytes`] gave. `None` for anything that it cannot have given: runs are written over memory as they are.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut number = || {
            let (number, after) = rest.split_first_chunk::<4>()?;
            rest = after;
            usize::try_from(u32::from_le_bytes(*number)).ok()
        };
        let (memory_bytes, count) = (number()?, number()?);
        if memory_bytes > MAX_MEMORY_BYTES || !memory_bytes.is_multiple_of(WASM_PAGE_BYTES) || count > bytes.len() / 8 {
            return None;
        }
        let (mut runs, mut end, mut length): (Vec<Range<usize>>, _, _) = (Vec::with_capacity(count), 0, 0);
        for _ in 0..count {
            let (place, len) = (number()?, number()?);
            let next = place.checked_add(len)?;
            if place < end || len == 0 || next > memory_bytes {
                return None;
            }
            runs.push(place..next);
            (end, length) = (next, length + len);
        }
        (rest.len() == length).then(|| Self::of(runs, rest.to_vec(), memory_bytes))
    }
}

fn count_pages(runs: &[Range<usize>]) -> usize {
    let (mut pages, mut next) = (0, 0);
    for run in runs {
        let (first, end) = ((run.start / PAGE_BYTES).max(next), run.end.div_ceil(PAGE_BYTES));
        pages += end.saturating_sub(first);
        next = end;
    }
    pages
}

/// Compares the written pages of `memory` with `base` from `from` on. `None` for pages compares all of them.
pub fn build(
    base: &[u8],
    memory: &[u8],
    written: Option<&[Range<usize>]>,
    from: usize,
    max_bytes: u64,
    max_segments: u32,
) -> Result<Overlay, TooLarge> {
    let runs = diff(base, memory, written, from, max_segments)?;
    let bytes: usize = runs.iter().map(ExactSizeIterator::len).sum();
    if bytes as u64 > max_bytes {
        return Err(TooLarge::Bytes(bytes as u64));
    }
    let mut contents = Vec::with_capacity(bytes);
    runs.iter().for_each(|run| contents.extend_from_slice(&memory[run.clone()]));
    Ok(Overlay::of(runs, contents, memory.len()))
}

/// The runs of changed bytes. Beyond the end of the base, everything that is not zero has changed.
fn diff(
    base: &[u8],
    memory: &[u8],
    written: Option<&[Range<usize>]>,
    from: usize,
    max_segments: u32,
) -> Result<Vec<Range<usize>>, TooLarge> {
    const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];
    let all = 0..memory.len().div_ceil(PAGE_BYTES);
    let mut runs: Vec<Range<usize>> = Vec::new();
    for page in written.unwrap_or(std::slice::from_ref(&all)).iter().cloned().flatten() {
        let (start, end) = ((page * PAGE_BYTES).max(from), ((page + 1) * PAGE_BYTES).min(memory.len()));
        if start >= end {
            continue;
        }
        let now = &memory[start..end];
        let was = base.get(start..end).unwrap_or(&ZEROS[..end - start]);
        if now == was {
            continue;
        }
        for (offset, _) in now.chunks(4).zip(was.chunks(4)).enumerate().filter(|(_, (now, was))| now != was) {
            let place = start + 4 * offset;
            match runs.last_mut() {
                Some(last) if place - last.end < MERGE_BYTES => last.end = place + 4,
                _ => {
                    runs.push(place..place + 4);
                    if runs.len() > max_segments as usize {
                        // Counting on would be work the tenant does not pay for.
                        return Err(TooLarge::Segments(max_segments));
                    }
                }
            }
        }
    }
    Ok(runs)
}

/// Pages to grow by, number of runs, then each run's place and length, then their bytes: all numbers little-endian u32.
fn encode(overlay: &Overlay, base_bytes: usize) -> Vec<u8> {
    let grown_pages = overlay.memory_bytes.saturating_sub(base_bytes) / WASM_PAGE_BYTES;
    let table = overlay.runs.iter().flat_map(|run| [run.start, run.len()]);
    let numbers = [grown_pages, overlay.runs.len()].into_iter().chain(table);
    numbers.flat_map(|number| address(number).to_le_bytes()).chain(overlay.contents.iter().copied()).collect()
}

/// The core module that writes an overlay over the memory it imports. Its code is the same whatever the overlay: a passive segment
/// (see [`encode`]), and a start function that copies run by run. Active segments would each be code of their own.
///
/// The table is read from memory below `scratch`, the end of the stack: dead between calls, and on pages the call touches anyway.
pub fn module(overlay: &Overlay, ty: enc::MemoryType, base_bytes: usize, scratch: usize) -> Vec<u8> {
    let data = encode(overlay, base_bytes);
    let mut module = enc::Module::new();
    let mut types = enc::TypeSection::new();
    types.ty().function([], []);
    module.section(&types);
    let mut imports = enc::ImportSection::new();
    imports.import(MEMORY_MODULE, MEMORY_NAME, ty);
    module.section(&imports);
    let mut functions = enc::FunctionSection::new();
    functions.function(0);
    module.section(&functions);
    module.section(&enc::StartSection { function_index: 0 });
    module.section(&enc::DataCountSection { count: 1 });
    let mut bodies = enc::CodeSection::new();
    bodies.function(&start_function(scratch));
    module.section(&bodies);
    let mut segment = enc::DataSection::new();
    segment.passive(data);
    module.section(&segment);
    module.finish()
}

/// Bytes of the two numbers before the table, and of a run's place and length in it.
const HEADER_BYTES: usize = 8;
const ENTRY_BYTES: usize = 8;

fn start_function(scratch: usize) -> enc::Function {
    const ENTRY: u32 = 0;
    const END: u32 = 1;
    const SOURCE: u32 = 2;
    let mut function = enc::Function::new([(3, enc::ValType::I32)]);
    let mut code = function.instructions();
    let word = |offset: u64| enc::MemArg { offset, align: 2, memory_index: 0 };
    let end = address(scratch - HEADER_BYTES);
    // The header, above the table.
    code.i32_const(end).i32_const(0).i32_const(address(HEADER_BYTES)).memory_init(0, 0);
    // A refused growth traps below; the host's limiter knows why.
    code.i32_const(end).i32_load(word(0)).if_(enc::BlockType::Empty);
    code.i32_const(end).i32_load(word(0)).memory_grow(0).drop().end();
    // The table: end = header, entry = end - 8 * runs, source = what follows the table in the segment.
    code.i32_const(end).local_set(END);
    code.i32_const(end).i32_const(end).i32_load(word(4)).i32_const(3).i32_shl().i32_sub().local_set(ENTRY);
    code.local_get(ENTRY).i32_const(address(HEADER_BYTES));
    code.local_get(END).local_get(ENTRY).i32_sub().memory_init(0, 0);
    code.local_get(END).local_get(ENTRY).i32_sub().i32_const(address(HEADER_BYTES)).i32_add().local_set(SOURCE);
    code.block(enc::BlockType::Empty).loop_(enc::BlockType::Empty);
    code.local_get(ENTRY).local_get(END).i32_ge_u().br_if(1);
    code.local_get(ENTRY).i32_load(word(0)).local_get(SOURCE).local_get(ENTRY).i32_load(word(4)).memory_init(0, 0);
    code.local_get(SOURCE).local_get(ENTRY).i32_load(word(4)).i32_add().local_set(SOURCE);
    code.local_get(ENTRY).i32_const(address(ENTRY_BYTES)).i32_add().local_set(ENTRY);
    code.br(0).end().end().end();
    function
}

/// An address of a 32-bit memory as the signed constant WebAssembly writes it as.
fn address(place: usize) -> i32 {
    u32::try_from(place).unwrap_or(u32::MAX).cast_signed()
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "a list of runs may have one")]
mod tests {
    use super::*;

    fn runs(changes: &[usize], len: usize) -> Result<Vec<Range<usize>>, TooLarge> {
        let base = vec![0; 4 * WASM_PAGE_BYTES];
        let mut memory = vec![0; len];
        for place in changes {
            memory[*place] = 1;
        }
        diff(&base, &memory, None, 0, 8)
    }

    #[test]
    fn near_changes_share_a_run_and_far_ones_do_not() {
        let len = 4 * WASM_PAGE_BYTES;
        assert_eq!(runs(&[8, 20, 20 + MERGE_BYTES], len), Ok(vec![8..24 + MERGE_BYTES]));
        assert_eq!(runs(&[8, 20 + 2 * MERGE_BYTES], len), Ok(vec![8..12, 20 + 2 * MERGE_BYTES..24 + 2 * MERGE_BYTES]));
    }

    #[test]
    fn memory_past_the_base_counts_where_it_is_not_zero() {
        let place = 5 * WASM_PAGE_BYTES + 8;
        assert_eq!(runs(&[place], 6 * WASM_PAGE_BYTES), Ok(vec![place..place + 4]));
    }

    #[test]
    fn pages_that_were_not_written_are_not_looked_at() {
        let (base, mut memory) = (vec![0; 4 * PAGE_BYTES], vec![0; 4 * PAGE_BYTES]);
        memory[2 * PAGE_BYTES] = 1;
        memory[3 * PAGE_BYTES + 8] = 1;
        assert_eq!(diff(&base, &memory, Some(&[0..2, 3..4]), 16, 8), Ok(vec![3 * PAGE_BYTES + 8..3 * PAGE_BYTES + 12]));
    }

    #[test]
    fn only_what_an_overlay_can_be_is_read_back() {
        let overlay = Overlay::of(vec![8..12, 16..24], (0..12).collect(), 2 * WASM_PAGE_BYTES);
        let bytes = overlay.to_bytes();
        let back = Overlay::from_bytes(&bytes).expect("as it was");
        assert_eq!((&back.runs, &back.contents, back.memory_bytes), (&overlay.runs, &overlay.contents, 2 << 16));
        for length in 0..bytes.len() {
            assert!(Overlay::from_bytes(&bytes[..length]).is_none(), "cut to {length}");
        }
        // Memory of another size, too many runs, a run before the last one, none at all, behind the end, and around it.
        for (place, value) in [
            (0, 65_537),
            (0, 1 << 31),
            (0, 0),
            (4, 3),
            (4, 1 << 30),
            (16, 10),
            (12, 0),
            (16, 2 << 16),
            (16, u32::MAX - 3),
        ] {
            let mut bad = bytes.clone();
            bad[place..place + 4].copy_from_slice(&value.to_le_bytes());
            assert!(Overlay::from_bytes(&bad).is_none(), "{value} at {place}");
        }
    }

    #[test]
    fn a_part_of_an_overlay_is_what_lies_in_it() {
        let runs = vec![8..12, 16..24, PAGE_BYTES - 4..PAGE_BYTES + 4, 3 * PAGE_BYTES..3 * PAGE_BYTES + 4];
        let overlay = Overlay::of(runs, (0..24).collect(), WASM_PAGE_BYTES);
        let within =
            |bytes: Range<usize>| overlay.within(bytes).map(|(run, part)| (run, part.to_vec())).collect::<Vec<_>>();
        assert_eq!(within(10..18), [(10..12, vec![2, 3]), (16..18, vec![4, 5])]);
        assert_eq!(within(PAGE_BYTES..2 * PAGE_BYTES), [(PAGE_BYTES..PAGE_BYTES + 4, vec![16, 17, 18, 19])]);
        assert_eq!(within(24..PAGE_BYTES - 4), []);
        assert_eq!(
            overlay.runs().map(|(run, part)| (run.len(), part.len())).collect::<Vec<_>>(),
            [(4, 4), (8, 8), (8, 8), (4, 4)]
        );
        assert_eq!(overlay.pages, 3);
    }

    #[test]
    fn every_second_page_dirtied_is_refused_and_not_counted_out() {
        let changes: Vec<usize> = (0..30).map(|index| index * 2 * MERGE_BYTES).collect();
        assert_eq!(runs(&changes, 4 * WASM_PAGE_BYTES), Err(TooLarge::Segments(8)));
    }
}
