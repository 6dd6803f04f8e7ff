//! The bytes that carry modules between the host, this front end and the engine. Every number is a little-endian u32; every text
//! or blob has its length before it.
//!
//! In: `job · main name · count · count × (kind · name · content)`, where an entry of the import map is a
//! module of a kind of its own: what is imported, and what that means. Out: `diagnostics as JSON · source bundle`, the bundle empty
//! where there are errors. What a source bundle is, says the engine's `bundle`; its maps are described in
//! `isolet_modules::places`.

/// What the host wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Everything: parse, check, transform.
    Transform,
    /// Plain JavaScript that brings source maps: read those, and leave the code alone.
    Maps,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Js = 0,
    Text = 1,
    Json = 2,
    Ts = 4,
    Tsx = 5,
    Jsx = 6,
    Cjs = 7,
    Data = 8,
    /// No module: an entry of the import map.
    Alias = 10,
}

impl Kind {
    fn of(number: u32) -> Option<Self> {
        use Kind::{Alias, Cjs, Data, Js, Json, Jsx, Text, Ts, Tsx};
        let all = [Js, Text, Json, Ts, Tsx, Jsx, Cjs, Data, Alias];
        all.into_iter().find(|kind| *kind as u32 == number)
    }

    /// Whether it is code, rather than a value.
    pub fn is_code(self) -> bool {
        !matches!(self, Self::Text | Self::Json | Self::Data | Self::Alias)
    }
}

pub struct Module<'a> {
    pub kind: Kind,
    pub name: &'a str,
    pub text: &'a str,
}

pub struct Input<'a> {
    pub job: Job,
    pub main: &'a str,
    pub modules: Vec<Module<'a>>,
    /// The import map.
    pub aliases: Vec<(&'a str, &'a str)>,
}

impl<'a> Input<'a> {
    /// `None` when the bytes are no input, which only a mistake of the host could cause.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let job = match number(&mut rest)? {
            0 => Job::Transform,
            1 => Job::Maps,
            _ => return None,
        };
        let main = text(&mut rest)?;
        let count = number(&mut rest)?;
        let mut modules = Vec::with_capacity(count.min(4096) as usize);
        let mut aliases = Vec::new();
        for _ in 0..count {
            let kind = Kind::of(number(&mut rest)?)?;
            let (name, text) = (text(&mut rest)?, text(&mut rest)?);
            match kind {
                Kind::Alias => aliases.push((name, text)),
                kind => modules.push(Module { kind, name, text }),
            }
        }
        rest.is_empty().then_some(Self { job, main, modules, aliases })
    }
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (head, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    Some(u32::from_le_bytes(*head))
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let len = number(rest)? as usize;
    let (head, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    std::str::from_utf8(head).ok()
}

/// A source bundle being written: its modules, in the order they come.
pub struct Output {
    bytes: Vec<u8>,
    count: u32,
}

impl Output {
    pub fn new() -> Self {
        Self { bytes: Vec::new(), count: 0 }
    }

    pub fn add(&mut self, kind: Kind, name: &str, content: &[u8], map: &[u8]) {
        put_number(&mut self.bytes, kind as u32);
        put(&mut self.bytes, name.as_bytes());
        put(&mut self.bytes, content);
        put(&mut self.bytes, map);
        self.count += 1;
    }

    /// The bundle behind its diagnostics; without `main` there is no bundle.
    pub fn finish(self, diagnostics: &[u8], main: Option<&str>) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + diagnostics.len() + 64);
        put(&mut out, diagnostics);
        let Some(main) = main else {
            put(&mut out, &[]);
            return out;
        };
        put_number(&mut out, (self.bytes.len() + main.len() + 8) as u32);
        put(&mut out, main.as_bytes());
        put_number(&mut out, self.count);
        out.extend_from_slice(&self.bytes);
        out
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u32);
    out.extend_from_slice(bytes);
}

fn put_number(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}
