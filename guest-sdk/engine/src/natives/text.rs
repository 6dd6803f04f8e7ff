//! UTF-8, base64 and console output.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use javy::quickjs::{Ctx, Error, Exception, Function, Object, Result, String as JsString, TypedArray, Value};

use super::{bytes, or_null};
use crate::{output, text};

/// Forgiving base64 as the Infra Standard has it: padding may be missing, stray bits may be set.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("utf8Encode", Function::new(ctx.clone(), utf8_encode)?)?;
    native.set("utf8Decode", Function::new(ctx.clone(), utf8_decode)?)?;
    native.set("atob", Function::new(ctx.clone(), atob)?)?;
    native.set("btoa", Function::new(ctx.clone(), btoa)?)?;
    native.set("log", Function::new(ctx.clone(), log)?)
}

pub fn string(value: &Value<'_>) -> Result<String> {
    text::to_string(value).ok_or(Error::Exception)
}

fn utf8_encode<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Result<TypedArray<'js, u8>> {
    // A copy, so that it can be transferred without a leak (see `event_loop`).
    TypedArray::new_copy(ctx, string(&value)?.into_bytes())
}

fn utf8_decode<'js>(ctx: Ctx<'js>, data: TypedArray<'js, u8>, fatal: bool, ignore_bom: bool) -> Result<JsString<'js>> {
    let data = bytes(&data);
    let data = if ignore_bom { data } else { data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data) };
    match std::str::from_utf8(data) {
        Ok(text) => JsString::from_str(ctx, text),
        Err(_) if fatal => Err(Exception::throw_type(&ctx, "The encoded data was not valid UTF-8")),
        Err(_) => JsString::from_str(ctx, &String::from_utf8_lossy(data)),
    }
}

fn atob<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Result<Value<'js>> {
    let mut text = string(&value)?;
    text.retain(|c| !matches!(c, '\t' | '\n' | '\u{c}' | '\r' | ' '));
    if text.len().is_multiple_of(4) {
        let stripped = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(&text);
        text.truncate(stripped.len());
    }
    if text.len() % 4 == 1 || text.contains('=') {
        return Ok(Value::new_null(ctx));
    }
    let decoded = FORGIVING.decode(text).ok();
    or_null(&ctx, decoded.map(|bytes| bytes.into_iter().map(char::from).collect::<String>()))
}

fn btoa<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Result<Value<'js>> {
    let bytes: Option<Vec<u8>> = string(&value)?.chars().map(|c| u8::try_from(c as u32).ok()).collect();
    or_null(&ctx, bytes.map(|bytes| FORGIVING.encode(bytes)))
}

fn log(level: String, message: Value<'_>, stack: Value<'_>) -> Result<()> {
    output::console(&level, &string(&message)?, &string(&stack)?);
    Ok(())
}
