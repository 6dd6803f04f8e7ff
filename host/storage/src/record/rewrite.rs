//! A record written again by a host that may not know all of it. What this host does not know was put there by a later one, and
//! stays as it is; what it does know is what it says now.

use isolet_domain::repository::RepositoryError;
use serde_json::Value;

use super::envelope::{Record, WRITTEN, decode, encode};

/// The bytes that take the place of `before`, which is stored under this key, so that it reads as `after` and keeps what only a
/// later host understands. `before` was decoded to make `after`.
pub(crate) fn rewrite<R: Record>(key: &str, before: &[u8], after: &R::Domain) -> Result<Vec<u8>, RepositoryError> {
    let known = encode::<R>(key, &decode::<R>(key, before)?);
    let wanted = encode::<R>(key, after);
    // The usual case: there is nothing in it but what this host would have written itself.
    if known == before {
        return Ok(wanted);
    }
    let read = |bytes: &[u8]| {
        serde_json::from_slice::<Value>(bytes)
            .map_err(|err| RepositoryError::Corrupt { what: key.to_owned(), why: err.to_string() })
    };
    let stored = read(before)?;
    let version = stored["v"].as_u64().unwrap_or_default().max(WRITTEN.into());
    let mut merged = merge(stored, &read(&known)?, read(&wanted)?);
    merged["v"] = version.into();
    Ok(serde_json::to_vec(&merged).expect("it was JSON before"))
}

/// `wanted`, and of `stored` what is not in `known`, which is as much of `stored` as this host understands.
fn merge(stored: Value, known: &Value, wanted: Value) -> Value {
    if *known == wanted {
        return stored;
    }
    match (stored, known, wanted) {
        (Value::Object(stored), Value::Object(known), Value::Object(mut wanted)) => {
            for (name, stored) in stored {
                match (known.get(&name), wanted.remove(&name)) {
                    (Some(known), Some(value)) => drop(wanted.insert(name, merge(stored, known, value))),
                    (None, None) => drop(wanted.insert(name, stored)),
                    (None, Some(value)) => drop(wanted.insert(name, value)),
                    // Known, and taken away.
                    (Some(_), None) => {}
                }
            }
            Value::Object(wanted)
        }
        (Value::Array(stored), Value::Array(known), Value::Array(wanted)) if stored.len() == known.len() => {
            // Items have no names. One that is still there is the stored one; all others are new.
            let mut stored: Vec<Option<Value>> = stored.into_iter().map(Some).collect();
            let find = |value: &Value, stored: &mut Vec<Option<Value>>| {
                let same = (0..known.len()).find(|at| known[*at] == *value && stored[*at].is_some())?;
                stored[same].take()
            };
            wanted.into_iter().map(|value| find(&value, &mut stored).unwrap_or(value)).collect()
        }
        (_, _, wanted) => wanted,
    }
}

#[cfg(test)]
mod tests {
    use isolet_domain::function::Function;
    use isolet_domain::ids::{FunctionName, TenantId};
    use jiff::Timestamp;
    use serde_json::json;

    use super::super::envelope::function_key;
    use super::super::function::FunctionRecord;
    use super::*;

    #[track_caller]
    fn check(stored: Value, known: Value, wanted: Value, expected: Value) {
        assert_eq!(merge(stored, &known, wanted), expected);
    }

    #[test]
    fn what_is_not_known_stays_and_what_is_known_changes() {
        check(json!({"a": 1, "z": 9}), json!({"a": 1}), json!({"a": 2}), json!({"a": 2, "z": 9}));
        check(json!({"a": 1, "z": 9}), json!({"a": 1}), json!({}), json!({"z": 9}));
        check(
            json!({"a": {"b": 1, "z": 9}}),
            json!({"a": {"b": 1}}),
            json!({"a": {"b": 2}}),
            json!({"a": {"b": 2, "z": 9}}),
        );
        // A map loses the entry that was taken out, with everything in it, and keeps the others'.
        let stored = json!({"m": {"x": {"v": 1, "z": 8}, "y": {"v": 2, "z": 9}}});
        let known = json!({"m": {"x": {"v": 1}, "y": {"v": 2}}});
        check(stored, known, json!({"m": {"y": {"v": 3}}}), json!({"m": {"y": {"v": 3, "z": 9}}}));
        // So does a list; one that was made anew is as it was made.
        let stored = json!([{"v": 1, "z": 7}, {"v": 2, "z": 8}, {"v": 2, "z": 9}]);
        let known = json!([{"v": 1}, {"v": 2}, {"v": 2}]);
        check(
            stored,
            known,
            json!([{"v": 2}, {"v": 5}, {"v": 2}]),
            json!([{"v": 2, "z": 8}, {"v": 5}, {"v": 2, "z": 9}]),
        );
        check(json!({"a": [1]}), json!({"a": [1]}), json!({"a": null}), json!({"a": null}));
    }

    #[test]
    fn a_record_without_surprises_is_written_as_a_new_one_is() {
        let tenant = TenantId::from_bytes([1; 16]);
        let name = FunctionName::parse("hello").expect("valid");
        let key = function_key(&tenant, &name);
        let before = Function::new(name, Timestamp::UNIX_EPOCH);
        let after = Function { next_number: 7, ..before.clone() };
        let bytes = encode::<FunctionRecord>(&key, &before);
        let again = rewrite::<FunctionRecord>(&key, &bytes, &after).expect("rewritten");
        assert_eq!(again, encode::<FunctionRecord>(&key, &after));
    }

    #[test]
    fn a_later_hosts_record_keeps_its_version_and_an_earlier_ones_does_not() {
        let tenant = TenantId::from_bytes([1; 16]);
        let name = FunctionName::parse("hello").expect("valid");
        let key = function_key(&tenant, &name);
        let before = Function::new(name, Timestamp::UNIX_EPOCH);
        let after = Function { next_number: 7, ..before.clone() };
        let text = String::from_utf8(encode::<FunctionRecord>(&key, &before)).expect("JSON is UTF-8");
        for (v, expected) in [(0, 1), (1, 1), (2, 2)] {
            let bytes = text.replace(r#"{"v":1,"#, &format!(r#"{{"v":{v},"later":{{"a":[1]}},"#));
            let again = rewrite::<FunctionRecord>(&key, bytes.as_bytes(), &after).expect("rewritten");
            assert_eq!(decode::<FunctionRecord>(&key, &again).expect("readable"), after);
            let again: Value = serde_json::from_slice(&again).expect("JSON");
            assert_eq!((&again["v"], &again["later"]), (&json!(expected), &json!({"a": [1]})));
        }
        let beyond = text.replace(r#"{"v":1,"#, r#"{"v":3,"#);
        let refused = rewrite::<FunctionRecord>(&key, beyond.as_bytes(), &after);
        assert!(matches!(refused, Err(RepositoryError::Newer { version: 3, .. })), "{refused:?}");
    }
}
