//! What an error from Redis means: for the domain, and for the connection it came over.

use isolet_domain::repository::RepositoryError;
use redis::{ErrorKind, RedisError};

/// Codes with which a server says that it cannot do something now, and what that means. Lua wraps them in older servers, so they
/// are looked for in the whole text.
const REFUSALS: &[(&str, &str)] = &[
    ("EXPIRED", "Redis took too long, nothing was written"),
    ("OOM", "Redis has used up its `maxmemory`"),
    ("MISCONF", "Redis cannot save to its disk and takes no writes"),
    ("READONLY", "this Redis is a replica and takes no writes"),
    ("NOREPLICAS", "Redis has fewer replicas than it must have to take writes"),
    ("MASTERDOWN", "this Redis is a replica that has lost its master"),
    ("LOADING", "Redis is still loading its data"),
    ("BUSY", "Redis is busy with a script"),
    ("CLUSTERDOWN", "the Redis Cluster is down"),
    ("TRYAGAIN", "the Redis Cluster is moving this slot"),
    ("MOVED", "another node of the Redis Cluster has this part of the keys"),
    ("ASK", "another node of the Redis Cluster has this part of the keys"),
    ("CROSSSLOT", "the Redis Cluster has these keys on several nodes"),
    ("NOAUTH", "Redis wants a password"),
    ("WRONGPASS", "Redis does not take the password"),
    ("NOPERM", "the Redis user may not do this"),
    ("EXECABORT", "Redis did not take all of a transaction"),
    ("UNKILLABLE", "Redis is busy with a script"),
];

/// Of those, the ones that another connection may be free of: the address may lead elsewhere by now, or the password be new.
const STALE: &[&str] = &["EXPIRED", "READONLY", "MASTERDOWN", "NOAUTH", "WRONGPASS", "MOVED", "CLUSTERDOWN"];

/// The domain's error, and whether the connection has to be given up.
pub(super) fn classify(error: &RedisError) -> (RepositoryError, bool) {
    let text = error.to_string();
    let code = error.code().unwrap_or_default();
    if let ErrorKind::Server(_) | ErrorKind::Extension = error.kind() {
        if code == "WRONGTYPE" || text.contains("WRONGTYPE") {
            let why = "a key holds something of another type".to_owned();
            return (RepositoryError::Corrupt { what: "a key in Redis".to_owned(), why }, false);
        }
        let found = REFUSALS.iter().find(|(refusal, _)| code == *refusal).or_else(|| {
            REFUSALS
                .iter()
                .find(|(refusal, _)| text.split(|c: char| !c.is_ascii_uppercase()).any(|word| word == *refusal))
        });
        if let Some((refusal, meaning)) = found {
            return (RepositoryError::Unavailable(format!("{meaning} ({refusal})")), STALE.contains(refusal));
        }
        return (RepositoryError::Unavailable(format!("Redis refused: {text}")), false);
    }
    if error.kind() == ErrorKind::AuthenticationFailed {
        return (RepositoryError::Unavailable("Redis does not take the password (WRONGPASS)".to_owned()), true);
    }
    // Everything else is about the connection or what came over it. When in doubt it is given up: nothing that arrives late
    // can then be taken for an answer to something else.
    (RepositoryError::Unavailable(format!("the connection to Redis failed: {text}")), true)
}

/// What to say when a write is in one server and not in those that would take its place.
pub(super) fn too_few_replicas() -> RepositoryError {
    RepositoryError::Unavailable("too few replicas of Redis have the write (`wait_replicas`)".to_owned())
}

/// What to say when the deadline has passed.
pub(super) fn too_slow() -> RepositoryError {
    RepositoryError::Unavailable("Redis did not answer in time".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(line: &str) -> RedisError {
        let value = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).expect("a well-formed error");
        value.extract_error().expect_err("it is an error")
    }

    #[track_caller]
    fn unavailable(line: &str, meaning: &str, gives_up: bool) {
        let (error, dropped) = classify(&server(line));
        assert!(matches!(&error, RepositoryError::Unavailable(why) if why.contains(meaning)), "{error:?}");
        assert_eq!(dropped, gives_up, "{line}");
    }

    #[test]
    fn what_servers_say_is_understood() {
        unavailable("OOM command not allowed when used memory > 'maxmemory'.", "maxmemory", false);
        unavailable("MISCONF Redis is configured to save RDB snapshots", "cannot save", false);
        unavailable("READONLY You can't write against a read only replica.", "replica", true);
        unavailable("NOREPLICAS Not enough good replicas to write.", "replicas", false);
        unavailable("MASTERDOWN Link with MASTER is down", "master", true);
        unavailable("LOADING Redis is loading the dataset in memory", "loading", false);
        unavailable("BUSY Redis is busy running a script.", "busy", false);
        unavailable("CLUSTERDOWN Hash slot not served", "Cluster is down", true);
        unavailable("TRYAGAIN Multiple keys request during rehashing of slot", "moving", false);
        unavailable("MOVED 3999 127.0.0.1:6381", "Cluster", true);
        unavailable("ASK 3999 127.0.0.1:6381", "Cluster", false);
        unavailable("CROSSSLOT Keys in request don't hash to the same slot", "Cluster", false);
        unavailable("NOAUTH Authentication required.", "password", true);
        unavailable("WRONGPASS invalid username-password pair", "password", true);
        unavailable("NOPERM this user has no permissions", "may not", false);
        unavailable("EXECABORT Transaction discarded because of previous errors.", "transaction", false);
        unavailable("EXPIRED the caller has given up", "nothing was written", true);
        unavailable("ERR max number of clients reached", "max number of clients", false);
    }

    #[test]
    fn codes_are_found_inside_what_lua_makes_of_them() {
        let wrapped = "ERR Error running script (call to f_0): @user_script:7: -OOM command not allowed";
        unavailable(wrapped, "maxmemory", false);
        unavailable("ERR @user_script: 3: -READONLY You can't write against a read only replica.", "replica", true);
        let (error, _) = classify(&server("WRONGTYPE Operation against a key holding the wrong kind of value"));
        assert!(matches!(error, RepositoryError::Corrupt { .. }), "{error:?}");
    }

    #[test]
    fn a_broken_or_confused_connection_is_given_up() {
        let broken = RedisError::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        assert!(matches!(classify(&broken), (RepositoryError::Unavailable(_), true)));
        let garbage = redis::parse_redis_value(b"HTTP/1.1 400 Bad Request\r\n").expect_err("not Redis");
        assert!(matches!(classify(&garbage), (RepositoryError::Unavailable(_), true)));
        let odd = RedisError::from((ErrorKind::UnexpectedReturnType, "a list where a text was expected"));
        assert!(matches!(classify(&odd), (RepositoryError::Unavailable(_), true)));
    }
}
