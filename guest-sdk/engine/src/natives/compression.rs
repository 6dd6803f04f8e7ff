//! Compression and decompression, chunk by chunk: `flate2` and `brotli`. Output comes in pieces of bounded size through a callback, so
//! that what one chunk expands to is never in memory twice.

use std::io::{Error, ErrorKind, Result as IoResult, Write};

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState, CompressorWriter};
use flate2::write::{DeflateEncoder, GzDecoder, GzEncoder, ZlibEncoder};
use flate2::{Compression, Decompress, FlushDecompress, Status};
use javy::quickjs::class::{JsClass, Trace, Tracer, Writable};
use javy::quickjs::function::Constructor;
use javy::quickjs::{Class, Ctx, Exception, Function, JsLifetime, Object, Result, TypedArray};

use super::bytes;

/// The most that one piece of output holds.
const PIECE_BYTES: usize = 64 << 10;
/// Quality and window of brotli: about what servers use for answers made on the fly. The window bounds the encoder's memory.
const BROTLI_QUALITY: u32 = 5;
const BROTLI_WINDOW_BITS: u32 = 18;
const BROTLI_BUFFER_BYTES: usize = 4096;

enum Codec {
    Gzip(GzEncoder<Vec<u8>>),
    Zlib(ZlibEncoder<Vec<u8>>),
    Deflate(DeflateEncoder<Vec<u8>>),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Gunzip(GzDecoder<Vec<u8>>),
    Inflate { state: Decompress, ended: bool },
    Unbrotli { state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>, ended: bool },
}

/// What stands behind a `CompressionStream` or `DecompressionStream`; `None` once it has ended.
struct CodecState(Option<Codec>);

impl<'js> Trace<'js> for CodecState {
    fn trace<'a>(&self, _tracer: Tracer<'a, 'js>) {}
}

// SAFETY: nothing of JavaScript is in it.
unsafe impl<'js> JsLifetime<'js> for CodecState {
    type Changed<'to> = Self;
}

impl<'js> JsClass<'js> for CodecState {
    const NAME: &'static str = "CodecState";
    type Mutable = Writable;
    fn constructor(_ctx: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // Registers the class, which is to be part of the base.
    Class::<CodecState>::prototype(ctx)?;
    native.set("codecNew", Function::new(ctx.clone(), new_codec)?)?;
    native.set("codecWrite", Function::new(ctx.clone(), write)?)?;
    native.set("codecEnd", Function::new(ctx.clone(), end)?)
}

fn new_codec<'js>(ctx: Ctx<'js>, format: String, compress: bool) -> Result<Class<'js, CodecState>> {
    let level = Compression::default();
    let codec = match (format.as_str(), compress) {
        ("gzip", true) => Codec::Gzip(GzEncoder::new(Vec::new(), level)),
        ("deflate", true) => Codec::Zlib(ZlibEncoder::new(Vec::new(), level)),
        ("deflate-raw", true) => Codec::Deflate(DeflateEncoder::new(Vec::new(), level)),
        ("brotli", true) => {
            let writer = CompressorWriter::new(Vec::new(), BROTLI_BUFFER_BYTES, BROTLI_QUALITY, BROTLI_WINDOW_BITS);
            Codec::Brotli(Box::new(writer))
        }
        ("gzip", false) => Codec::Gunzip(GzDecoder::new(Vec::new())),
        ("deflate", false) => Codec::Inflate { state: Decompress::new(true), ended: false },
        ("deflate-raw", false) => Codec::Inflate { state: Decompress::new(false), ended: false },
        ("brotli", false) => {
            let state = BrotliState::new(StandardAlloc::default(), StandardAlloc::default(), StandardAlloc::default());
            Codec::Unbrotli { state: Box::new(state), ended: false }
        }
        _ => return Err(Exception::throw_type(&ctx, "no such compression format")),
    };
    Class::instance(ctx, CodecState(Some(codec)))
}

/// Takes a chunk in and calls `emit` with each piece that comes out.
fn write<'js>(
    ctx: Ctx<'js>,
    codec: Class<'js, CodecState>,
    chunk: TypedArray<'js, u8>,
    emit: Function<'js>,
) -> Result<()> {
    let mut codec = codec.try_borrow_mut()?;
    let Some(codec) = codec.0.as_mut() else { return Err(Exception::throw_type(&ctx, "the stream has ended")) };
    // A copy: `emit` runs JavaScript, which might detach the buffer.
    let input = bytes(&chunk).to_vec();
    let mut rest = input.as_slice();
    loop {
        let mut output = Vec::new();
        let consumed = codec.push(rest, &mut output).map_err(|error| refuse(&ctx, &error))?;
        rest = &rest[consumed..];
        let full = output.len() >= PIECE_BYTES;
        let idle = consumed == 0 && output.is_empty();
        give(&ctx, &emit, output)?;
        if rest.is_empty() && !full {
            return Ok(());
        }
        if idle {
            return Err(Exception::throw_type(&ctx, "there is more data after the end of the compressed data"));
        }
    }
}

/// No more input: calls `emit` with what is still to come, and throws when the input was cut off.
fn end<'js>(ctx: Ctx<'js>, codec: Class<'js, CodecState>, emit: Function<'js>) -> Result<()> {
    let Some(codec) = codec.try_borrow_mut()?.0.take() else { return Ok(()) };
    let output = codec.end().map_err(|error| refuse(&ctx, &error))?;
    give(&ctx, &emit, output)
}

fn refuse(ctx: &Ctx<'_>, error: &Error) -> javy::quickjs::Error {
    Exception::throw_type(ctx, &format!("the compressed data is not valid: {error}"))
}

fn give<'js>(ctx: &Ctx<'js>, emit: &Function<'js>, output: Vec<u8>) -> Result<()> {
    if output.is_empty() {
        return Ok(());
    }
    // A copy, so that it can be transferred without a leak (see `event_loop`).
    emit.call((TypedArray::new_copy(ctx.clone(), output)?,))
}

impl Codec {
    /// Takes in some of `input`, says how much, and appends at most about a piece of output.
    fn push(&mut self, input: &[u8], output: &mut Vec<u8>) -> IoResult<usize> {
        match self {
            Self::Gzip(encoder) => compress(encoder, input, GzEncoder::get_mut, output),
            Self::Zlib(encoder) => compress(encoder, input, ZlibEncoder::get_mut, output),
            Self::Deflate(encoder) => compress(encoder, input, DeflateEncoder::get_mut, output),
            Self::Brotli(encoder) => compress(encoder.as_mut(), input, CompressorWriter::get_mut, output),
            Self::Gunzip(decoder) => {
                let consumed = decoder.write(input)?;
                // Without it, the last piece waits inside for more input.
                decoder.flush()?;
                output.append(decoder.get_mut());
                Ok(consumed)
            }
            Self::Inflate { state, ended } => inflate(state, ended, input, output),
            Self::Unbrotli { state, ended } => unbrotli(state, ended, input, output),
        }
    }

    fn end(self) -> IoResult<Vec<u8>> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zlib(encoder) => encoder.finish(),
            Self::Deflate(encoder) => encoder.finish(),
            Self::Brotli(encoder) => Ok(encoder.into_inner()),
            Self::Gunzip(decoder) => decoder.finish(),
            Self::Inflate { ended: true, .. } | Self::Unbrotli { ended: true, .. } => Ok(Vec::new()),
            Self::Inflate { .. } | Self::Unbrotli { .. } => {
                Err(Error::new(ErrorKind::UnexpectedEof, "it ends too early"))
            }
        }
    }
}

fn compress<W: Write>(
    encoder: &mut W,
    input: &[u8],
    sink: fn(&mut W) -> &mut Vec<u8>,
    output: &mut Vec<u8>,
) -> IoResult<usize> {
    let taken = input.len().min(PIECE_BYTES / 2);
    encoder.write_all(&input[..taken])?;
    output.append(sink(encoder));
    Ok(taken)
}

fn inflate(state: &mut Decompress, ended: &mut bool, input: &[u8], output: &mut Vec<u8>) -> IoResult<usize> {
    if *ended {
        return Ok(0);
    }
    output.resize(PIECE_BYTES, 0);
    let (before_in, before_out) = (state.total_in(), state.total_out());
    let status = state.decompress(input, output, FlushDecompress::None)?;
    *ended = status == Status::StreamEnd;
    output.truncate((state.total_out() - before_out) as usize);
    Ok((state.total_in() - before_in) as usize)
}

fn unbrotli(
    state: &mut BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    ended: &mut bool,
    input: &[u8],
    output: &mut Vec<u8>,
) -> IoResult<usize> {
    if *ended {
        return Ok(0);
    }
    output.resize(PIECE_BYTES, 0);
    let (mut left, mut consumed, mut room, mut produced, mut total) = (input.len(), 0, PIECE_BYTES, 0, 0);
    let result =
        BrotliDecompressStream(&mut left, &mut consumed, input, &mut room, &mut produced, output, &mut total, state);
    output.truncate(produced);
    match result {
        BrotliResult::ResultFailure => return Err(Error::new(ErrorKind::InvalidData, "it is not brotli")),
        BrotliResult::ResultSuccess => *ended = true,
        BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
    }
    Ok(consumed)
}
