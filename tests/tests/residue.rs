//! The residue probe: what a guest had in its memory is found in the process while it runs, and nowhere in it afterwards. It looks
//! with the eyes of whoever could read all of the process, not through any interface of ours.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;

use isolet_domain::limits::Limits;
use isolet_tests::guest::{code, get, prepare, run_prepared};

/// Fills `size` bytes with a pattern that only it knows, and answers, or waits first.
const HOARDER: &str = "
export default {
  async fetch(request) {
    const query = new URL(request.url).searchParams
    let state = Number(query.get('seed'))
    const next = () => (state = Math.imul(state, 1664525) + 1013904223 | 0) >>> 24
    const bytes = new Uint8Array(Number(query.get('size')))
    for (let index = 0; index < 32; index++) bytes[index] = next()
    for (let filled = 32; filled < bytes.length; filled *= 2) bytes.copyWithin(filled, 0, filled)
    globalThis.hoard = bytes
    if (query.has('wait')) await new Promise((done) => setTimeout(done, 6000))
    return new Response('kept')
  },
}";

/// The pattern of that seed with every bit flipped, so that the probe itself is no find.
fn flipped(seed: u32) -> [u8; 32] {
    let mut state = seed;
    std::array::from_fn(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        !u8::try_from(state >> 24).expect("a byte is left")
    })
}

/// How many times the pattern stands anywhere in this process.
fn finds(seed: u32) -> usize {
    let needle = flipped(seed);
    let finder = memchr::memmem::Finder::new(&needle);
    let memory = File::open("/proc/self/mem").expect("the process may read itself");
    let maps = BufReader::new(File::open("/proc/self/maps").expect("there is a list of mappings"));
    let mut chunk = vec![0; 1 << 20];
    let mut found = 0;
    for line in maps.lines() {
        let line = line.expect("a line");
        let (range, rest) = line.split_once(' ').expect("a range first");
        // Of what cannot be written to, the program's own files are as they were; slots may hold anything.
        let writable = rest.starts_with("rw");
        if !writable && (!rest.starts_with('r') || rest.contains(" /") && !rest.contains("/memfd:")) {
            continue;
        }
        let (start, end) = range.split_once('-').expect("two ends");
        let place = |text| u64::from_str_radix(text, 16).expect("an address");
        let (mut at, end) = (place(start), place(end));
        while at < end {
            let len = chunk.len().min(usize::try_from(end - at).expect("small"));
            // What was unmapped in the meantime cannot be read, nor by anybody else.
            let Ok(read) = memory.read_at(&mut chunk[..len], at) else { break };
            for byte in &mut chunk[..read] {
                *byte = !*byte;
            }
            found += finder.find_iter(&chunk[..read]).count();
            // Left as it is, the buffer would hold what it found.
            chunk[..read].fill(0);
            at += read as u64;
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_a_guest_had_in_memory_outlives_its_request() {
    let limits = Limits { memory_bytes: 64 << 20, ..Limits::DEFAULT };
    let hoarder = prepare(&code(HOARDER), limits).await.expect("builds");
    // What stays within the slot's kept pages, what has them given up, and what makes the memory grow.
    for (seed, size) in [(11, 64 << 10), (12, 2 << 20), (13, 32 << 20)] {
        let waiting = {
            let hoarder = hoarder.clone();
            tokio::spawn(async move { run_prepared(&hoarder, get(&format!("/?seed={seed}&size={size}&wait"))).await })
        };
        let mut found = 0;
        while found < size / 64 && !waiting.is_finished() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            found = finds(seed);
        }
        assert!(found >= size / 64, "the probe finds what is there: {found}");
        assert_eq!(waiting.await.expect("ran").text(), "kept");
        assert_eq!(finds(seed), 0, "{size} bytes");
        for _ in 0..20 {
            assert_eq!(run_prepared(&hoarder, get(&format!("/?seed={seed}&size={size}"))).await.text(), "kept");
        }
        assert_eq!(finds(seed), 0, "{size} bytes, twenty times");
    }
}
