//! The URL parser: the `url` crate, which implements the WHATWG standard.

use javy::quickjs::{Ctx, Function, Object, Result, Value, prelude::Opt};
use url::{Url, quirks};

use super::text::string;

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("urlParse", Function::new(ctx.clone(), parse)?)?;
    native.set("urlSet", Function::new(ctx.clone(), set)?)
}

fn parse(input: Value<'_>, base: Opt<Value<'_>>) -> Result<Option<Vec<String>>> {
    let input = string(&input)?;
    let url = match base.0.filter(|base| !base.is_undefined() && !base.is_null()) {
        None => Url::parse(&input),
        Some(base) => Url::parse(&string(&base)?).and_then(|base| base.join(&input)),
    };
    Ok(url.ok().map(|url| parts(&url)))
}

fn set(href: Value<'_>, part: String, value: Value<'_>) -> Result<Option<Vec<String>>> {
    let Ok(mut url) = Url::parse(&string(&href)?) else { return Ok(None) };
    let value = string(&value)?;
    // The setters of the standard ignore what does not fit; only `href` throws.
    match part.as_str() {
        "href" => match Url::parse(&value) {
            Ok(new) => url = new,
            Err(_) => return Ok(None),
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
    Ok(Some(parts(&url)))
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
    parts.insert(1, quirks::origin(url));
    parts
}
