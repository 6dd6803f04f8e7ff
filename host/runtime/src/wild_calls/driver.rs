//! The core module that calls: it stands where the engine's main module stands, with its imports and exports. What it calls, and with
//! what, stands on its `tape`; and where that has ended, comes from a generator that is seeded by it, so that each run can be had again.

use wasm_encoder as enc;
use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, ValType};

use super::imports::{Export, Gives, Import, Of, Takes, row, surface};
use super::tape::SEED_CHARS;

/// Handles of each kind, sixteen places of four bytes.
const HANDLES: i32 = 0x1000;
/// Where results and arguments lie, filled with text.
const SCRATCH: i32 = 0x10000;
const SCRATCH_BYTES: i32 = 0x8000;
/// What tells the upper half of that, for results, from the lower one, whose text stays text.
const RESULTS: i32 = SCRATCH_BYTES / 2;
/// What is left of the tape, out of the way of the room.
const TAPE: i32 = 0x20000;
/// Where the host is given room, again and again the same.
const ROOM: i32 = 0x80000;
const MEMORY_PAGES: u64 = 16;

/// Globals: the generator's state, where room is, the next word of the tape, and where it ends.
const STATE: u32 = 0;
const ROOM_AT: u32 = 1;
const TAPE_AT: u32 = 2;
const TAPE_END: u32 = 3;

/// What arguments are made of: names and values of fields, methods, addresses, and what is none of them.
const TEXT: &[&str] = &[
    "content-length",
    "transfer-encoding",
    "chunked",
    "host",
    "x-a",
    "set-cookie",
    "connection",
    "GET",
    "POST",
    "/a?b=c",
    "http",
    "example.test:80",
    "127.0.0.1",
    "18446744073709551615",
    "\r\n\r\n",
    "\0\u{1}\u{7f}",
    ":",
    " ",
    "..",
];

/// Wherever a text ends in it, it is none. Seldom: it ends the run.
const BROKEN: [u8; 64] = [0xE4; 64];

/// The engine's imports by their place, and functions of our own after them.
struct Places {
    imports: u32,
}

impl Places {
    const OWN: [&'static str; 7] = ["next", "wild", "pointer", "length", "find", "take", "keep"];

    fn of(&self, name: &str) -> u32 {
        let place = Self::OWN.iter().position(|own| *own == name).expect("one of ours");
        self.imports + place as u32
    }

    fn exported(&self, nth: usize) -> u32 {
        self.imports + (Self::OWN.len() + nth) as u32
    }
}

/// A module with the imports and exports of this one.
pub fn module(main: &[u8]) -> Vec<u8> {
    let (imports, exports) = surface(main);
    let places = Places { imports: imports.len() as u32 };
    let environment =
        imports.iter().position(|import| import.name == "get-environment").expect("it is imported") as u32;
    let (mut types, mut functions, mut code) =
        (enc::TypeSection::new(), enc::FunctionSection::new(), enc::CodeSection::new());
    let mut imported = enc::ImportSection::new();
    let mut count = 0;
    let mut kind = |params: &[ValType], results: &[ValType]| {
        types.ty().function(params.iter().copied(), results.iter().copied());
        count += 1;
        count - 1
    };
    for import in &imports {
        imported.import(&import.module, &import.name, enc::EntityType::Function(kind(&import.params, &import.results)));
    }
    let (one, two) = ([ValType::I32], [ValType::I32, ValType::I32]);
    for (name, params, results) in [
        ("next", &[][..], &one[..]),
        ("wild", &[][..], &one[..]),
        ("pointer", &[][..], &one[..]),
        ("length", &[][..], &one[..]),
        ("find", &one[..], &one[..]),
        ("take", &two[..], &one[..]),
        ("keep", &two[..], &[][..]),
    ] {
        functions.function(kind(params, results));
        code.function(&own(&places, name));
    }
    // Every function above and below has a type of its own; the operations share the one after all of these.
    let operation = places.exported(exports.len());
    for export in &exports {
        functions.function(kind(&export.params, &export.results));
        code.function(&exported(&places, export, environment, (imports.len() as i32, operation)));
    }
    assert_eq!(kind(&[], &[]), operation);
    let first = places.exported(exports.len());
    for (at, import) in imports.iter().enumerate() {
        functions.function(operation);
        code.function(&call(&places, at as u32, import));
    }
    assemble((types, imported, functions, code), &exports, &places, (first, imports.len() as u32))
}

type Sections = (enc::TypeSection, enc::ImportSection, enc::FunctionSection, enc::CodeSection);

fn assemble(
    (types, imported, functions, code): Sections,
    exports: &[Export],
    places: &Places,
    (first, operations): (u32, u32),
) -> Vec<u8> {
    let mut tables = enc::TableSection::new();
    let size = u64::from(operations);
    tables.table(enc::TableType {
        element_type: enc::RefType::FUNCREF,
        table64: false,
        minimum: size,
        maximum: Some(size),
        shared: false,
    });
    let mut memories = enc::MemorySection::new();
    memories.memory(enc::MemoryType {
        minimum: MEMORY_PAGES,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = enc::GlobalSection::new();
    let mutable = |val_type| enc::GlobalType { val_type, mutable: true, shared: false };
    // Before the seed is known the host asks for room to tell it in.
    globals.global(mutable(ValType::I64), &enc::ConstExpr::i64_const(0x1234_5678_9abc_def1));
    for at in [ROOM, TAPE, TAPE] {
        globals.global(mutable(ValType::I32), &enc::ConstExpr::i32_const(at));
    }
    let mut exported = enc::ExportSection::new();
    exported.export("memory", enc::ExportKind::Memory, 0);
    for (nth, export) in exports.iter().enumerate() {
        exported.export(&export.name, enc::ExportKind::Func, places.exported(nth));
    }
    let mut elements = enc::ElementSection::new();
    let all: Vec<u32> = (first..first + operations).collect();
    elements.active(None, &enc::ConstExpr::i32_const(0), enc::Elements::Functions(all.into()));
    let mut data = enc::DataSection::new();
    let text: Vec<u8> = TEXT
        .iter()
        .cycle()
        .flat_map(|text| {
            let mut padded = text.as_bytes().to_vec();
            padded.resize(text.len().next_multiple_of(8), b'-');
            padded
        })
        .take(RESULTS as usize - BROKEN.len())
        .chain(BROKEN)
        .collect();
    data.active(0, &enc::ConstExpr::i32_const(SCRATCH), text);
    let mut module = enc::Module::new();
    // In the order that the format demands.
    module.section(&types).section(&imported).section(&functions).section(&tables).section(&memories).section(&globals);
    module.section(&exported).section(&elements).section(&code).section(&data);
    module.finish()
}

const fn at(offset: u64) -> MemArg {
    MemArg { offset, align: 0, memory_index: 0 }
}

fn place_of(of: Of) -> i32 {
    HANDLES + (of as i32) * 64
}

/// What is left of a number after dividing by this power of two.
fn part(sink: &mut InstructionSink<'_>, places: &Places, of: i32) {
    sink.call(places.of("next")).i32_const(of - 1).i32_and();
}

fn own(places: &Places, name: &str) -> Function {
    let locals = if name == "next" { [(1, ValType::I64)] } else { [(3, ValType::I32)] };
    let mut function = Function::new(locals);
    let mut sink = function.instructions();
    match name {
        // A word of the tape, whose halves of bytes are moved together; or xorshift with 64 bits (Marsaglia, 2003), whose upper half is
        // given out.
        "next" => {
            sink.global_get(TAPE_AT).global_get(TAPE_END).i32_lt_u().if_(BlockType::Empty);
            sink.global_get(TAPE_AT).i64_load(at(0)).i64_const(0x0f0f_0f0f_0f0f_0f0f).i64_and().local_set(0);
            for (by, mask) in [(4, 0x00ff_00ff_00ff_00ff), (8, 0x0000_ffff_0000_ffff), (16, 0xffff_ffff)] {
                sink.local_get(0)
                    .local_get(0)
                    .i64_const(by)
                    .i64_shr_u()
                    .i64_or()
                    .i64_const(mask)
                    .i64_and()
                    .local_set(0);
            }
            sink.global_get(TAPE_AT).i32_const(8).i32_add().global_set(TAPE_AT);
            sink.local_get(0).i32_wrap_i64().return_().end();
            for (left, by) in [(true, 13), (false, 7), (true, 17)] {
                sink.global_get(STATE).global_get(STATE).i64_const(by);
                if left {
                    sink.i64_shl()
                } else {
                    sink.i64_shr_u()
                };
                sink.i64_xor().global_set(STATE);
            }
            sink.global_get(STATE).i64_const(32).i64_shr_u().i32_wrap_i64();
        }
        // Mostly the ends of something.
        "wild" => {
            let ends = [
                0,
                1,
                -1,
                i32::MAX,
                i32::MIN,
                0xffff,
                0x10_0000 - 4,
                0x10_0000,
                0x10_0001,
                7,
                0x7fff_fff8,
                1_999,
                2_000,
            ];
            for end in ends {
                part(&mut sink, places, 16);
                sink.i32_eqz().if_(BlockType::Empty).i32_const(end).return_().end();
            }
            sink.call(places.of("next"));
        }
        "pointer" | "length" => {
            part(&mut sink, places, 2_048);
            sink.i32_eqz().if_(BlockType::Empty).call(places.of("wild")).return_().end();
            let (mask, from) = if name == "pointer" { (SCRATCH_BYTES - 64, SCRATCH) } else { (0x1f, 0) };
            sink.call(places.of("next")).i32_const(if name == "pointer" { mask & !7 } else { mask }).i32_and();
            sink.i32_const(from).i32_add();
        }
        // (kind) → the place of a handle, or 0: from anywhere once around.
        "find" => {
            part(&mut sink, places, 16);
            sink.local_set(3).i32_const(16).local_set(1).loop_(BlockType::Empty);
            sink.local_get(3)
                .local_get(1)
                .i32_add()
                .i32_const(15)
                .i32_and()
                .i32_const(4)
                .i32_mul()
                .local_get(0)
                .i32_add()
                .local_tee(2)
                .i32_load(at(0));
            sink.if_(BlockType::Empty).local_get(2).return_().end();
            sink.local_get(1).i32_const(1).i32_sub().local_tee(1).br_if(0).end();
            sink.i32_const(0);
        }
        // (kind, given away) → a handle. One that was given away is forgotten, mostly.
        "take" => {
            part(&mut sink, places, 2_048);
            sink.i32_eqz().if_(BlockType::Empty).call(places.of("wild")).return_().end();
            sink.local_get(0).call(places.of("find")).local_tee(2).i32_load(at(0)).local_set(3);
            sink.local_get(1);
            part(&mut sink, places, 64);
            sink.i32_const(0).i32_ne().i32_and();
            sink.if_(BlockType::Empty).local_get(2).i32_const(0).i32_store(at(0)).end();
            sink.local_get(3);
        }
        // (kind, handle)
        _ => {
            sink.local_get(0);
            part(&mut sink, places, 16);
            sink.i32_const(4).i32_mul().i32_add().local_get(1).i32_store(at(0));
        }
    }
    sink.end();
    function
}

fn exported(places: &Places, export: &Export, environment: u32, (operations, operation): (i32, u32)) -> Function {
    let mut function = Function::new([(2, ValType::I32)]);
    let mut sink = function.instructions();
    if export.name.ends_with("#handle") {
        // Seed and tape are the value of the first variable: a list of pairs of texts.
        sink.i32_const(SCRATCH).call(environment);
        sink.i32_const(SCRATCH).i32_load(at(0)).local_tee(2).i32_load(at(8)).local_tee(3);
        sink.i64_load(at(0)).i64_const(1).i64_or().global_set(STATE);
        // Copied before the first word of it is asked for, and only after the host has no more room to ask for.
        let seed = SEED_CHARS as i32;
        sink.local_get(2).i32_load(at(12)).i32_const(seed).i32_sub().local_set(2);
        sink.i32_const(TAPE).local_get(3).i32_const(seed).i32_add().local_get(2).memory_copy(0, 0);
        sink.i32_const(TAPE).local_get(2).i32_add().global_set(TAPE_END);
        for (param, of) in [(0, Of::IncomingRequest), (1, Of::OutParam)] {
            sink.i32_const(place_of(of)).local_get(param).call(places.of("keep"));
        }
        sink.loop_(BlockType::Empty);
        sink.call(places.of("next")).i32_const(operations).i32_rem_u();
        sink.call_indirect(0, operation).br(0).end();
    } else if export.name == "cabi_realloc" {
        // (old, old size, alignment, size): room that is used again, and none of it is kept.
        sink.global_get(ROOM_AT)
            .i32_const(7)
            .i32_add()
            .i32_const(-8)
            .i32_and()
            .local_tee(4)
            .local_get(3)
            .i32_add()
            .local_tee(5);
        sink.i32_const((MEMORY_PAGES as i32) << 16).i32_gt_u();
        sink.if_(BlockType::Empty).i32_const(ROOM).local_tee(4).local_get(3).i32_add().local_set(5).end();
        sink.local_get(5).global_set(ROOM_AT);
        part(&mut sink, places, 4_096);
        sink.i32_eqz().if_(BlockType::Empty).call(places.of("wild")).return_().end();
        sink.local_get(4);
    } else if !export.results.is_empty() {
        sink.i32_const(0);
    }
    sink.end();
    function
}

/// Calls the import with what it takes, if there is what it takes, and keeps what it gives.
fn call(places: &Places, import: u32, of: &Import) -> Function {
    let (takes, gives) = row(&of.module, &of.name);
    // Where the result goes, and what it is.
    let mut function = Function::new([(2, ValType::I32)]);
    let mut sink = function.instructions();
    if of.name == "exit" {
        // Once is the end of it.
        part(&mut sink, places, 128);
        sink.if_(BlockType::Empty).return_().end();
    }
    if takes.iter().any(|take| matches!(take, Takes::Own(_))) {
        // What is given away is needed for all the others.
        part(&mut sink, places, 256);
        sink.if_(BlockType::Empty).return_().end();
    }
    for take in takes {
        if let Takes::Borrow(of) | Takes::Own(of) | Takes::ListOf(of) = take {
            // What is never there is asked for now and then all the same.
            sink.i32_const(place_of(*of)).call(places.of("find")).i32_eqz();
            part(&mut sink, places, 4_096);
            sink.i32_const(0).i32_ne().i32_and();
            sink.if_(BlockType::Empty).return_().end();
        }
    }
    sink.call(places.of("pointer")).i32_const(RESULTS).i32_or().local_set(0);
    for take in takes {
        match take {
            Takes::Borrow(of) => sink.i32_const(place_of(*of)).i32_const(0).call(places.of("take")),
            Takes::Own(of) => sink.i32_const(place_of(*of)).i32_const(1).call(places.of("take")),
            Takes::Pointer => sink.call(places.of("pointer")).i32_const(!RESULTS).i32_and(),
            Takes::Length => sink.call(places.of("length")),
            Takes::Below(end) => sink.call(places.of("next")).i32_const(*end).i32_rem_u(),
            Takes::Word => sink.call(places.of("length")).i64_extend_i32_s(),
            Takes::Anything => sink.call(places.of("wild")),
            Takes::Return => sink.local_get(0),
            Takes::ListOf(of) => {
                sink.local_get(0).i32_const(place_of(*of)).i32_const(0).call(places.of("take")).i32_store(at(32));
                sink.local_get(0).i32_const(32).i32_add().i32_const(1)
            }
        };
    }
    sink.call(import);
    match gives {
        Gives::Handle(of) => {
            sink.local_set(1).i32_const(place_of(of)).local_get(1).call(places.of("keep"));
        }
        Gives::Stored { when, zero, at: offset, of } => {
            sink.local_get(0).i32_load8_u(at(0)).i32_const(when).i32_eq();
            for place in zero {
                sink.local_get(0).i32_load8_u(at(*place)).i32_eqz().i32_and();
            }
            sink.if_(BlockType::Empty);
            sink.i32_const(place_of(of)).local_get(0).i32_load(at(offset)).call(places.of("keep")).end();
        }
        Gives::Nothing => of.results.iter().for_each(|_| {
            sink.drop();
        }),
    }
    sink.end();
    function
}
