//! What the engine's imports take and give, as far as it takes to call them so that they do something: where a handle is wanted, where a
//! pointer, and where handles come back. Names as in `wit/`, layouts by the canonical ABI. Which imports there are is read off the main module.

use wasm_encoder::ValType;
use wasmparser as parse;

/// Kinds of resources, each with handles of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Of {
    IncomingRequest,
    OutParam,
    Fields,
    OutgoingResponse,
    OutgoingBody,
    OutgoingRequest,
    IncomingResponse,
    IncomingBody,
    Future,
    Input,
    Output,
    Pollable,
    Error,
    Options,
    TerminalInput,
    TerminalOutput,
}

#[derive(Clone, Copy, Debug)]
pub enum Takes {
    /// A handle, which stays the guest's.
    Borrow(Of),
    /// A handle, which is the host's afterwards.
    Own(Of),
    Pointer,
    Length,
    /// A number below this.
    Below(i32),
    Word,
    Anything,
    /// Where the result goes.
    Return,
    /// A list with one handle in it, and its length.
    ListOf(Of),
}

#[derive(Clone, Copy, Debug)]
pub enum Gives {
    Nothing,
    /// As a result of the core function.
    Handle(Of),
    /// Behind the return pointer at this offset, if the byte there says so and those at `zero` are.
    Stored {
        when: i32,
        zero: &'static [u64],
        at: u64,
        of: Of,
    },
}

use Gives::{Handle, Nothing, Stored};
use Of::{
    Error, Fields, Future, IncomingBody, IncomingRequest, IncomingResponse, Input, Options, OutParam, OutgoingBody,
    OutgoingRequest, OutgoingResponse, Output, Pollable, TerminalInput, TerminalOutput,
};
use Takes::{Anything, Below, Borrow, Length, ListOf, Own, Pointer, Return, Word};

type Row = (&'static str, &'static [Takes], Gives);

/// A result with one handle in it.
const fn ok(of: Of) -> Gives {
    Stored { when: 0, zero: &[], at: 4, of }
}

/// A stream's failure, which has an error in it.
const FAILED: Gives = Stored { when: 1, zero: &[4], at: 8, of: Error };

const ROWS: &[Row] = &[
    ("[resource-drop]incoming-request", &[Own(IncomingRequest)], Nothing),
    ("[resource-drop]input-stream", &[Own(Input)], Nothing),
    ("[resource-drop]incoming-body", &[Own(IncomingBody)], Nothing),
    ("[resource-drop]response-outparam", &[Own(OutParam)], Nothing),
    ("[resource-drop]output-stream", &[Own(Output)], Nothing),
    ("[resource-drop]outgoing-body", &[Own(OutgoingBody)], Nothing),
    ("[resource-drop]incoming-response", &[Own(IncomingResponse)], Nothing),
    ("[resource-drop]future-incoming-response", &[Own(Future)], Nothing),
    ("[resource-drop]error", &[Own(Error)], Nothing),
    ("[resource-drop]fields", &[Own(Fields)], Nothing),
    ("[resource-drop]pollable", &[Own(Pollable)], Nothing),
    ("[resource-drop]outgoing-request", &[Own(OutgoingRequest)], Nothing),
    ("[resource-drop]outgoing-response", &[Own(OutgoingResponse)], Nothing),
    ("[resource-drop]request-options", &[Own(Options)], Nothing),
    ("[resource-drop]terminal-input", &[Own(TerminalInput)], Nothing),
    ("[resource-drop]terminal-output", &[Own(TerminalOutput)], Nothing),
    ("get-random-bytes", &[Word, Return], Nothing),
    ("get-random-u64", &[], Nothing),
    ("insecure-seed", &[Return], Nothing),
    ("get-environment", &[Return], Nothing),
    ("exit", &[Below(3)], Nothing),
    ("get-stdin", &[], Handle(Input)),
    ("get-stdout", &[], Handle(Output)),
    ("get-stderr", &[], Handle(Output)),
    ("get-terminal-stdin", &[Return], Stored { when: 1, zero: &[], at: 4, of: TerminalInput }),
    ("get-terminal-stdout", &[Return], Stored { when: 1, zero: &[], at: 4, of: TerminalOutput }),
    ("get-terminal-stderr", &[Return], Stored { when: 1, zero: &[], at: 4, of: TerminalOutput }),
    ("subscribe-duration", &[Word], Handle(Pollable)),
    ("[method]pollable.block", &[Borrow(Pollable)], Nothing),
    ("poll", &[ListOf(Pollable), Return], Nothing),
    ("[method]output-stream.flush", &[Borrow(Output), Return], FAILED),
    ("[method]output-stream.blocking-flush", &[Borrow(Output), Return], FAILED),
    ("[method]output-stream.check-write", &[Borrow(Output), Return], Nothing),
    ("[method]output-stream.write", &[Borrow(Output), Pointer, Length, Return], FAILED),
    ("[method]output-stream.blocking-write-and-flush", &[Borrow(Output), Pointer, Length, Return], FAILED),
    ("[method]output-stream.subscribe", &[Borrow(Output)], Handle(Pollable)),
    ("[method]input-stream.read", &[Borrow(Input), Word, Return], FAILED),
    ("[method]input-stream.subscribe", &[Borrow(Input)], Handle(Pollable)),
    ("[method]error.to-debug-string", &[Borrow(Error), Return], Nothing),
    ("http-error-code", &[Borrow(Error), Return], Nothing),
    ("[constructor]fields", &[], Handle(Fields)),
    ("[method]fields.append", &[Borrow(Fields), Pointer, Length, Pointer, Length, Return], Nothing),
    ("[method]fields.get", &[Borrow(Fields), Pointer, Length, Return], Nothing),
    ("[method]fields.entries", &[Borrow(Fields), Return], Nothing),
    ("[constructor]outgoing-response", &[Own(Fields)], Handle(OutgoingResponse)),
    ("[method]outgoing-response.set-status-code", &[Borrow(OutgoingResponse), Below(1_200)], Nothing),
    ("[method]outgoing-response.body", &[Borrow(OutgoingResponse), Return], ok(OutgoingBody)),
    ("[method]outgoing-body.write", &[Borrow(OutgoingBody), Return], ok(Output)),
    ("[static]outgoing-body.finish", &[Own(OutgoingBody), Below(2), Own(Fields), Return], Nothing),
    (
        "[static]response-outparam.set",
        &[Own(OutParam), Below(2), Own(OutgoingResponse), Below(40), Word, Pointer, Length, Anything, Anything],
        Nothing,
    ),
    ("[method]incoming-request.method", &[Borrow(IncomingRequest), Return], Nothing),
    ("[method]incoming-request.scheme", &[Borrow(IncomingRequest), Return], Nothing),
    ("[method]incoming-request.authority", &[Borrow(IncomingRequest), Return], Nothing),
    ("[method]incoming-request.path-with-query", &[Borrow(IncomingRequest), Return], Nothing),
    ("[method]incoming-request.headers", &[Borrow(IncomingRequest)], Handle(Fields)),
    ("[method]incoming-request.consume", &[Borrow(IncomingRequest), Return], ok(IncomingBody)),
    ("[method]incoming-body.stream", &[Borrow(IncomingBody), Return], ok(Input)),
    ("[constructor]outgoing-request", &[Own(Fields)], Handle(OutgoingRequest)),
    ("[method]outgoing-request.set-method", &[Borrow(OutgoingRequest), Below(10), Pointer, Length], Nothing),
    ("[method]outgoing-request.set-scheme", &[Borrow(OutgoingRequest), Below(2), Below(3), Pointer, Length], Nothing),
    ("[method]outgoing-request.set-authority", &[Borrow(OutgoingRequest), Below(2), Pointer, Length], Nothing),
    ("[method]outgoing-request.set-path-with-query", &[Borrow(OutgoingRequest), Below(2), Pointer, Length], Nothing),
    ("[method]outgoing-request.body", &[Borrow(OutgoingRequest), Return], ok(OutgoingBody)),
    (
        "handle",
        &[Own(OutgoingRequest), Below(2), Own(Options), Return],
        Stored { when: 0, zero: &[], at: 8, of: Future },
    ),
    ("[method]future-incoming-response.subscribe", &[Borrow(Future)], Handle(Pollable)),
    (
        "[method]future-incoming-response.get",
        &[Borrow(Future), Return],
        Stored { when: 1, zero: &[8, 16], at: 24, of: IncomingResponse },
    ),
    ("[method]incoming-response.status", &[Borrow(IncomingResponse)], Nothing),
    ("[method]incoming-response.headers", &[Borrow(IncomingResponse)], Handle(Fields)),
    ("[method]incoming-response.consume", &[Borrow(IncomingResponse), Return], ok(IncomingBody)),
];

/// Of an import by its interface and name. `now` is two functions.
pub fn row(interface: &str, name: &str) -> (&'static [Takes], Gives) {
    if name == "now" {
        return (if interface.starts_with("wasi:clocks/wall-clock") { &[Return] } else { &[] }, Nothing);
    }
    let row = ROWS.iter().find(|(listed, ..)| *listed == name);
    let (_, takes, gives) =
        row.unwrap_or_else(|| panic!("the engine imports `{interface}` `{name}`: say what it takes"));
    (takes, *gives)
}

pub struct Import {
    pub module: String,
    pub name: String,
    pub params: Vec<ValType>,
    pub results: Vec<ValType>,
}

pub struct Export {
    pub name: String,
    pub params: Vec<ValType>,
    pub results: Vec<ValType>,
}

/// What the main module imports and exports; of memories there is one, and it is ours to make.
pub fn surface(main: &[u8]) -> (Vec<Import>, Vec<Export>) {
    let (mut types, mut imports, mut functions, mut exports) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for payload in parse::Parser::new(0).parse_all(main) {
        match payload.expect("the artifact is valid") {
            parse::Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    let ty = ty.expect("a function's type");
                    types.push((kinds(ty.params()), kinds(ty.results())));
                }
            }
            parse::Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.expect("an import");
                    let parse::TypeRef::Func(ty) = import.ty else { panic!("the engine imports functions alone") };
                    let (params, results) = types[ty as usize].clone();
                    imports.push(Import {
                        module: import.module.to_owned(),
                        name: import.name.to_owned(),
                        params,
                        results,
                    });
                }
            }
            parse::Payload::FunctionSection(section) => {
                functions = section.into_iter().map(|ty| ty.expect("a type") as usize).collect();
            }
            parse::Payload::ExportSection(section) => {
                for export in section {
                    let export = export.expect("an export");
                    if export.kind == parse::ExternalKind::Func {
                        let (params, results) = types[functions[export.index as usize - imports.len()]].clone();
                        exports.push(Export { name: export.name.to_owned(), params, results });
                    }
                }
            }
            _ => {}
        }
    }
    (imports, exports)
}

fn kinds(types: &[parse::ValType]) -> Vec<ValType> {
    let kind = |ty: &parse::ValType| match ty {
        parse::ValType::I32 => ValType::I32,
        parse::ValType::I64 => ValType::I64,
        parse::ValType::F32 => ValType::F32,
        parse::ValType::F64 => ValType::F64,
        other => panic!("no canonical function has a {other:?}"),
    };
    types.iter().map(kind).collect()
}
