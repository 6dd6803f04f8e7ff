//! Decoders of the Encoding Standard: the `encoding_rs` crate. Whole UTF-8 and encoding are in `text`.

use encoding_rs::{Decoder, DecoderResult, Encoding};
use javy::quickjs::class::{JsClass, Trace, Tracer, Writable};
use javy::quickjs::function::Constructor;
use javy::quickjs::{
    Class, Ctx, Exception, Function, JsLifetime, Object, Result, String as JsString, TypedArray, Value,
};

use super::text::string;
use super::{bytes, or_null};

/// What stands behind a `TextDecoder` between two chunks.
struct DecoderState(Decoder);

impl<'js> Trace<'js> for DecoderState {
    fn trace<'a>(&self, _tracer: Tracer<'a, 'js>) {}
}

// SAFETY: nothing of JavaScript is in it.
unsafe impl<'js> JsLifetime<'js> for DecoderState {
    type Changed<'to> = Self;
}

impl<'js> JsClass<'js> for DecoderState {
    const NAME: &'static str = "DecoderState";
    type Mutable = Writable;
    fn constructor(_ctx: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // Registers the class, which is to be part of the base.
    Class::<DecoderState>::prototype(ctx)?;
    native.set("encodingFor", Function::new(ctx.clone(), encoding_for)?)?;
    native.set("decoderNew", Function::new(ctx.clone(), new_decoder)?)?;
    native.set("decoderRun", Function::new(ctx.clone(), run)?)
}

/// The name that a label stands for, in lower case; `null` when there is no such encoding, or only the replacement.
fn encoding_for<'js>(ctx: Ctx<'js>, label: Value<'js>) -> Result<Value<'js>> {
    let label = string(&label)?;
    or_null(&ctx, Encoding::for_label_no_replacement(label.as_bytes()).map(|found| found.name().to_ascii_lowercase()))
}

fn new_decoder<'js>(ctx: Ctx<'js>, name: String, ignore_bom: bool) -> Result<Class<'js, DecoderState>> {
    let Some(encoding) = Encoding::for_label(name.as_bytes()) else {
        return Err(Exception::throw_range(&ctx, "no such encoding"));
    };
    let decoder =
        if ignore_bom { encoding.new_decoder_without_bom_handling() } else { encoding.new_decoder_with_bom_removal() };
    Class::instance(ctx, DecoderState(decoder))
}

/// The text of the next chunk. After the `last`, or a failure, the decoder is used up.
fn run<'js>(
    ctx: Ctx<'js>,
    decoder: Class<'js, DecoderState>,
    data: TypedArray<'js, u8>,
    fatal: bool,
    last: bool,
) -> Result<JsString<'js>> {
    let mut decoder = decoder.try_borrow_mut()?;
    let data = bytes(&data);
    let decoder = &mut decoder.0;
    let room = if fatal {
        decoder.max_utf8_buffer_length_without_replacement(data.len())
    } else {
        decoder.max_utf8_buffer_length(data.len())
    };
    let mut text = String::with_capacity(room.expect("three times what the memory holds can be counted"));
    if fatal {
        if let (DecoderResult::Malformed(..), _) = decoder.decode_to_string_without_replacement(data, &mut text, last) {
            return Err(Exception::throw_type(&ctx, "The encoded data was not valid"));
        }
    } else {
        // The room is enough by the decoder's own account, so there is one pass.
        let _ = decoder.decode_to_string(data, &mut text, last);
    }
    JsString::from_str(ctx, &text)
}
