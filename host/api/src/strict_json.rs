//! Request bodies as JSON, read strictly: the right media type, a bounded size, valid UTF-8, no unknown and no repeated field. What
//! is wrong is answered with the place it is at.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequest;
use bytes::{Bytes, BytesMut};
use http::{Extensions, HeaderMap, Request, header};
use http_body_util::BodyExt as _;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};

use crate::catalogue as rows;
use crate::document::{Operation, Part};
use crate::failure::Failure;
use crate::problem::escape;
use crate::room::{FREE, Kept, NoRoom, Room};
use crate::state::AppState;

/// A whole body must have arrived within this time.
const ARRIVES_WITHIN: Duration = Duration::from_secs(60);
/// Characters of a parser's complaint that are repeated: it quotes its input.
const MAX_DETAIL_CHARS: usize = 300;

/// A type that a request body may be.
pub trait RequestBody: DeserializeOwned + JsonSchema {
    const MAX_BYTES: usize = 1 << 20;
}

/// What the body says, and the room that it takes until the request is answered, or what was sent is counted elsewhere.
pub struct Json<T>(pub T, pub Option<Room>);

impl<T: RequestBody> FromRequest<AppState> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request<Body>, app: &AppState) -> Result<Self, Failure> {
        if !is_json(request.headers()) {
            return Err(Failure::MediaType);
        }
        let (parts, body) = request.into_parts();
        let (bytes, room) = read(body, T::MAX_BYTES, (app, &parts.extensions)).await?;
        let text = std::str::from_utf8(&bytes).map_err(|error| Failure::Malformed {
            detail: format!("the body is not UTF-8 at byte {}", error.valid_up_to()),
            pointer: None,
        })?;
        parse(text).map(|it| Self(it, room))
    }
}

impl<T: RequestBody> Part for Json<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.takes::<T>();
        operation.fails(&[
            rows::MALFORMED,
            rows::MEDIA_TYPE,
            rows::BODY_TOO_LARGE,
            rows::BODY_TOO_SLOW,
            rows::OVERLOADED,
        ]);
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    };
    essence.eq_ignore_ascii_case("application/json") && parts.all(utf8)
}

/// The whole body, if it comes in time and is not too large, and the room that its bytes take, for as long as they are there.
pub async fn read(
    body: Body,
    limit: usize,
    (app, extensions): (&AppState, &Extensions),
) -> Result<(Bytes, Option<Room>), Failure> {
    if http_body::Body::size_hint(&body).lower() > limit as u64 {
        return Err(Failure::BodyTooLarge { limit_bytes: limit as u64 });
    }
    let whole = whole(body, limit, (app, extensions));
    let (bytes, room) = tokio::time::timeout(ARRIVES_WITHIN, whole).await.unwrap_or(Err(Failure::BodyTooSlow))?;
    room.as_ref().map_or(Ok(()), Room::arrived).map_err(|NoRoom| Failure::NoRoom)?;
    Ok((bytes, room))
}

async fn whole(
    mut body: Body,
    limit: usize,
    (app, extensions): (&AppState, &Extensions),
) -> Result<(Bytes, Option<Room>), Failure> {
    let no_room = |NoRoom| Failure::NoRoom;
    let kept = extensions.get::<Kept>();
    let mut room = kept.and_then(Kept::take);
    let mut bytes = BytesMut::new();
    loop {
        let frame = match &room {
            None => body.frame().await,
            Some(room) => tokio::select! {
                frame = body.frame() => frame,
                () = room.gives_way() => return Err(Failure::NoRoom),
            },
        };
        let Some(frame) = frame else { return Ok((bytes.freeze(), room)) };
        let Ok(frame) = frame else {
            return Err(Failure::Malformed { detail: "the body broke off".to_owned(), pointer: None });
        };
        let Ok(data) = frame.into_data() else { continue };
        let length = bytes.len() + data.len();
        if length > limit {
            return Err(Failure::BodyTooLarge { limit_bytes: limit as u64 });
        }
        if kept.is_none() && length > FREE {
            match &room {
                Some(room) => room.take(data.len()).map_err(no_room)?,
                None => {
                    room = app.rooms().enter(extensions);
                    room.as_ref().map_or(Ok(()), |room| room.take(length)).map_err(no_room)?;
                }
            }
        }
        // What is there in one piece is not copied.
        if bytes.is_empty() && http_body::Body::is_end_stream(&body) {
            return Ok((data, room));
        }
        bytes.extend_from_slice(&data);
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    // serde reads a struct from an array as well, field by field: nobody means that.
    if !text.trim_start().starts_with('{') {
        return Err(Failure::Malformed { detail: "the body must be a JSON object".to_owned(), pointer: None });
    }
    // serde_json stops at 128 levels, so that no input can use up the stack.
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        malformed(error.inner(), Some(pointer).filter(|pointer| !pointer.is_empty()))
    })?;
    deserializer.end().map_err(|error| malformed(&error, None))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error, pointer: Option<String>) -> Failure {
    Failure::Malformed { detail: shortened(error.to_string()), pointer }
}

/// At most so many characters, and no part of a word.
fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_DETAIL_CHARS) {
        text.truncate(text[..end].rfind(' ').unwrap_or(end));
        text.push_str(" …");
    }
    text
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut out = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => out.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                out.push('/');
                out.push_str(&escape(key));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    out
}

/// A map whose keys are the caller's own, none of them twice.
#[derive(Debug)]
pub struct UniqueMap<T>(pub BTreeMap<String, T>);

impl<T: JsonSchema> JsonSchema for UniqueMap<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("MapOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<T>() })
    }
}

impl<T> Default for UniqueMap<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for UniqueMap<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Unique<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Unique<T> {
            type Value = UniqueMap<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<UniqueMap<T>, A::Error> {
                let mut map = BTreeMap::new();
                while let Some((key, value)) = access.next_entry::<String, T>()? {
                    if map.contains_key(&key) {
                        return Err(A::Error::custom(format!("duplicate key `{key}`")));
                    }
                    map.insert(key, value);
                }
                Ok(UniqueMap(map))
            }
        }
        deserializer.deserialize_map(Unique(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_ends_with_a_whole_word() {
        assert_eq!(shortened("as it is".to_owned()), "as it is");
        let long = "wörd ".repeat(80);
        assert_eq!(shortened(long), format!("{}…", "wörd ".repeat(60)));
        assert_eq!(shortened("x".repeat(400)), format!("{} …", "x".repeat(300)));
    }
}
