//! The bytes that carry modules between host and engine at build time: source bundles in, bytecode bundles out and in again.
//! Every number is a little-endian u32; every text or blob has its length before it.
//!
//! `main name · count · count × (kind · name · content · map)`, the kinds numbered as in [`Kind`]. A map says where the content comes
//! from (`isolet_modules::places`); most modules have none.

pub struct Module<'a> {
    pub kind: Kind,
    pub name: &'a str,
    pub content: &'a [u8],
    pub map: &'a [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Js = 0,
    Text = 1,
    Json = 2,
    Bytecode = 3,
    /// In a source bundle in base64, in a bytecode bundle as it is.
    Data = 8,
    /// Bytecode of a module that asks for `import.meta`.
    BytecodeWithMeta = 9,
    /// No module but an entry of the import map: its name is what is imported, its content what that means.
    Alias = 10,
}

pub struct Bundle<'a> {
    pub main: &'a str,
    pub modules: Vec<Module<'a>>,
}

impl<'a> Bundle<'a> {
    /// `None` when the bytes are not a bundle, which only a mistake of the host could cause.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let main = std::str::from_utf8(blob(&mut rest)?).ok()?;
        let count = number(&mut rest)?;
        let mut modules = Vec::with_capacity(count.min(4096) as usize);
        for _ in 0..count {
            let kind = match number(&mut rest)? {
                0 => Kind::Js,
                1 => Kind::Text,
                2 => Kind::Json,
                3 => Kind::Bytecode,
                8 => Kind::Data,
                9 => Kind::BytecodeWithMeta,
                10 => Kind::Alias,
                _ => return None,
            };
            let name = std::str::from_utf8(blob(&mut rest)?).ok()?;
            modules.push(Module { kind, name, content: blob(&mut rest)?, map: blob(&mut rest)? });
        }
        rest.is_empty().then_some(Self { main, modules })
    }
}

/// Writes a bytecode bundle.
pub fn write(main: &str, modules: &[(String, Kind, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, main.as_bytes());
    out.extend_from_slice(&(modules.len() as u32).to_le_bytes());
    for (name, kind, content) in modules {
        out.extend_from_slice(&(*kind as u32).to_le_bytes());
        put(&mut out, name.as_bytes());
        put(&mut out, content);
        put(&mut out, &[]);
    }
    out
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (head, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    Some(u32::from_le_bytes(*head))
}

fn blob<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = number(rest)? as usize;
    let (head, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    Some(head)
}
