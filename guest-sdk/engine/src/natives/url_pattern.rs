//! The parser of URL patterns: the `urlpattern` crate. Matching is regular expressions of JavaScript, in the prelude.

use std::cell::RefCell;

use javy::quickjs::{Array, Ctx, Exception, Function, IntoJs, Object, Persistent, Result, Value};
use urlpattern::quirks::{self, StringOrInit, UrlPatternComponent, UrlPatternInit};
use urlpattern::regexp::RegExp;
use urlpattern::{UrlPatternMatchInput, UrlPatternOptions, parser::RegexSyntax};

use super::text::string;
use super::{optional_string, or_null};
use crate::engine::Single;

/// `(pattern, flags, text) => boolean`, there while a pattern is being parsed: the crate asks whether an expression matches.
static TEST: Single<RefCell<Option<Test>>> = Single::new(RefCell::new(None));

struct Test {
    ctx: Ctx<'static>,
    function: Persistent<Function<'static>>,
}

/// An expression of JavaScript, kept as its source.
struct Expression {
    pattern: String,
    flags: String,
}

impl RegExp for Expression {
    fn syntax() -> RegexSyntax {
        RegexSyntax::EcmaScript
    }

    fn parse(pattern: &str, flags: &str, _force_eval: bool) -> std::result::Result<Self, ()> {
        Ok(Self { pattern: pattern.to_owned(), flags: flags.to_owned() })
    }

    fn matches<'a>(&self, text: &'a str) -> Option<Vec<Option<&'a str>>> {
        let test = TEST.borrow();
        let test = test.as_ref()?;
        let function = test.function.clone().restore(&test.ctx).ok()?;
        let found: bool = function.call((self.pattern.as_str(), self.flags.as_str(), text)).ok()?;
        found.then(Vec::new)
    }

    fn pattern_string(&self) -> &str {
        &self.pattern
    }
}

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("urlPatternParse", Function::new(ctx.clone(), parse)?)?;
    native.set("urlPatternInput", Function::new(ctx.clone(), input)?)
}

/// Pattern, expression and group names of each component, in order, as one flat array per component; then whether there are groups of
/// expressions. `input` is a string or the nine members of an init, in the order of `UrlPatternInit`.
fn parse<'js>(
    ctx: Ctx<'js>,
    input: Value<'js>,
    base: Value<'js>,
    ignore_case: bool,
    test: Function<'js>,
) -> Result<Vec<Value<'js>>> {
    let (input, base) = (pattern_input(&input)?, optional_string(&base)?);
    // SAFETY: taken out again below, before the context can end.
    let kept = unsafe { Ctx::from_raw(ctx.as_raw()) };
    TEST.replace(Some(Test { ctx: kept, function: Persistent::save(&ctx, test) }));
    let parsed = parse_with_test(input, base.as_deref(), ignore_case);
    TEST.replace(None);
    let pattern = parsed.map_err(|error| Exception::throw_type(&ctx, &format!("URLPattern: {error}")))?;
    let groups = pattern.has_regexp_groups;
    let components = [
        pattern.protocol,
        pattern.username,
        pattern.password,
        pattern.hostname,
        pattern.port,
        pattern.pathname,
        pattern.search,
        pattern.hash,
    ];
    let components: Vec<Vec<String>> = components.into_iter().map(flat).collect();
    Ok(vec![components.into_js(&ctx)?, Value::new_bool(ctx, groups)])
}

fn parse_with_test(
    input: StringOrInit<'_>,
    base: Option<&str>,
    ignore_case: bool,
) -> std::result::Result<quirks::UrlPattern, urlpattern::Error> {
    let parsed = |base: Option<&str>| base.map(url::Url::parse).transpose().map_err(urlpattern::Error::Url);
    // `quirks::process_construct_pattern_input` does the same, but brings the `regex` crate along: a megabyte.
    let init = match input {
        StringOrInit::String(text) => {
            urlpattern::UrlPatternInit::parse_constructor_string::<Expression>(&text, parsed(base)?)?
        }
        StringOrInit::Init(_) if base.is_some() => return Err(urlpattern::Error::BaseUrlWithInit),
        StringOrInit::Init(init) => urlpattern::UrlPatternInit {
            base_url: parsed(init.base_url.as_deref())?,
            protocol: init.protocol,
            username: init.username,
            password: init.password,
            hostname: init.hostname,
            port: init.port,
            pathname: init.pathname,
            search: init.search,
            hash: init.hash,
        },
    };
    let options = UrlPatternOptions { regex_syntax: RegexSyntax::EcmaScript, ignore_case };
    quirks::parse_pattern::<Expression>(init, options)
}

fn flat(component: UrlPatternComponent) -> Vec<String> {
    let mut flat = vec![component.pattern_string, component.regexp_string];
    flat.extend(component.group_name_list);
    flat
}

/// The eight components of what is to be matched; `null` when it is no URL.
fn input<'js>(ctx: Ctx<'js>, input: Value<'js>, base: Value<'js>) -> Result<Value<'js>> {
    let (input, base) = (pattern_input(&input)?, optional_string(&base)?);
    let processed = quirks::process_match_input(input, base.as_deref())
        .map_err(|error| Exception::throw_type(&ctx, &format!("URLPattern: {error}")))?;
    let matched = processed.and_then(|(input, _): (UrlPatternMatchInput, _)| quirks::parse_match_input(input));
    or_null(
        &ctx,
        matched.map(|m| vec![m.protocol, m.username, m.password, m.hostname, m.port, m.pathname, m.search, m.hash]),
    )
}

fn pattern_input(value: &Value<'_>) -> Result<StringOrInit<'static>> {
    let Ok(members) = Array::from_value(value.clone()) else {
        return Ok(StringOrInit::String(string(value)?.into()));
    };
    let member = |index| optional_string(&members.get::<Value<'_>>(index)?);
    Ok(StringOrInit::Init(UrlPatternInit {
        protocol: member(0)?,
        username: member(1)?,
        password: member(2)?,
        hostname: member(3)?,
        port: member(4)?,
        pathname: member(5)?,
        search: member(6)?,
        hash: member(7)?,
        base_url: member(8)?,
    }))
}
