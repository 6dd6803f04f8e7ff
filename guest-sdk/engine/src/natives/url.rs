//! The URL parser: the `url` crate, which implements the WHATWG standard.

use javy::quickjs::prelude::Opt;
use javy::quickjs::{Ctx, Function, IntoJs, Object, Result as JsResult, Value};
use url::{ParseError, Position, Url, quirks};

use super::text::string;
use super::{optional_string, or_null};

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> JsResult<()> {
    native.set("urlParse", Function::new(ctx.clone(), parse)?)?;
    native.set("urlSet", Function::new(ctx.clone(), set)?)
}

fn parse<'js>(ctx: Ctx<'js>, input: Value<'js>, base: Opt<Value<'js>>) -> JsResult<Value<'js>> {
    let input = string(&input)?;
    let base = base.0.map_or(Ok(None), |base| optional_string(&base))?;
    let url = match base {
        None => Url::parse(&input),
        Some(base) => Url::parse(&base).and_then(|base| join(&base, &input)),
    };
    or_null(&ctx, url.ok().map(|url| parts(&amended(url))))
}

fn set<'js>(ctx: Ctx<'js>, href: Value<'js>, part: String, value: Value<'js>) -> JsResult<Value<'js>> {
    let Ok(mut url) = Url::parse(&string(&href)?) else { return Ok(Value::new_null(ctx)) };
    let value = string(&value)?;
    // The setters of the standard ignore what does not fit; only `href` throws.
    match part.as_str() {
        "href" => match Url::parse(&value) {
            Ok(new) => url = new,
            Err(_) => return Ok(Value::new_null(ctx)),
        },
        "protocol" => drop(quirks::set_protocol(&mut url, &value)),
        "username" => drop(quirks::set_username(&mut url, &value)),
        "password" => drop(quirks::set_password(&mut url, &value)),
        "host" => drop(quirks::set_host(&mut url, &value)),
        "hostname" => drop(quirks::set_hostname(&mut url, &value)),
        "port" => drop(quirks::set_port(&mut url, &value)),
        "pathname" => quirks::set_pathname(&mut url, &value),
        "search" => quirks::set_search(&mut url, &value),
        "hash" => quirks::set_hash(&mut url, &value),
        _ => {}
    }
    parts(&amended(url)).into_js(&ctx)
}

/// What the crate does not do as the standard now has it, elsewhere than in `file:` URLs.
fn amended(url: Url) -> Url {
    let path = url.path();
    let amended = if url.cannot_be_a_base() {
        // A space before the query or fragment would be lost when those are taken away.
        let followed = url.query().is_some() || url.fragment().is_some();
        path.strip_suffix(' ').filter(|_| followed).map(|rest| format!("{rest}%20"))
    } else {
        path.contains('^').then(|| path.replace('^', "%5E"))
    };
    let Some(path) = amended else { return url };
    Url::parse(&format!("{}{path}{}", &url[..Position::BeforePath], &url[Position::AfterPath..])).unwrap_or(url)
}

/// An address after two slashes or more belongs to a special scheme whatever the base is; the crate takes exactly two.
fn join(base: &Url, input: &str) -> Result<Url, ParseError> {
    let scheme = base.scheme();
    let slashes =
        input.trim_start_matches(|c: char| c <= ' ').bytes().take_while(|c| matches!(c, b'/' | b'\\')).count();
    if slashes > 2 && matches!(scheme, "http" | "https" | "ws" | "wss" | "ftp") {
        return Url::parse(&format!("{scheme}:{}", input.trim_start_matches(|c: char| c <= ' ')));
    }
    base.join(input)
}

/// A `blob:` URL has the origin of what it holds, but only of these two schemes.
fn origin(url: &Url) -> String {
    let opaque =
        url.scheme() == "blob" && !Url::parse(url.path()).is_ok_and(|inner| matches!(inner.scheme(), "http" | "https"));
    if opaque { "null".to_owned() } else { quirks::origin(url) }
}

fn parts(url: &Url) -> Vec<String> {
    let own = [
        quirks::href(url),
        quirks::protocol(url),
        quirks::username(url),
        quirks::password(url),
        quirks::host(url),
        quirks::hostname(url),
        quirks::port(url),
        quirks::pathname(url),
        quirks::search(url),
        quirks::hash(url),
    ];
    let mut parts: Vec<String> = own.into_iter().map(str::to_owned).collect();
    parts.insert(1, origin(url));
    parts
}
