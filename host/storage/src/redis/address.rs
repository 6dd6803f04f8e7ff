//! Where Redis is: the forms an address may have, and the clients that follow from each. Nothing is connected here.
//!
//! | form | what it leads to |
//! | --- | --- |
//! | `redis://[user:password@]host[:6379][/db]` | one server, or something that leads to the current master |
//! | `redis+sentinel://[user:password@]host[:26379],host…[/db]?master=name` | the master that these Sentinels name |
//! | `redis+cluster://[user:password@]host[:6379],host…` | a Cluster, of which these nodes are asked first |
//!
//! With `rediss` in place of `redis` all connections are TLS. User and password are the servers'; those of the Sentinels go into
//! `sentinel_user` and `sentinel_password` behind the `?`.

use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisResult, TlsCertificates, TlsMode};

use super::options::RedisOptions;
use crate::open_error::OpenError;

const SENTINEL_PORT: u16 = 26_379;
const NODE_PORT: u16 = 6_379;

/// An address that was understood.
#[derive(Clone)]
pub(super) enum Address {
    Alone(Client),
    Sentinels(Sentinels),
    /// The nodes that are asked first.
    Cluster(Vec<Client>),
}

/// Who knows the master, and how it is spoken to.
#[derive(Clone)]
pub(super) struct Sentinels {
    each: Vec<ConnectionInfo>,
    master: String,
    /// Of the servers; its address is nobody's.
    servers: ConnectionInfo,
    certificates: Option<TlsCertificates>,
}

impl Address {
    /// # Errors
    /// Not with the crate's own words: they may repeat the address, and with it the password.
    pub(super) fn parse(url: &str, options: &RedisOptions) -> Result<Self, OpenError> {
        let (scheme, rest) = url.split_once("://").ok_or_else(unusable)?;
        let (plain, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        let secure = match plain {
            "redis" => false,
            "rediss" => true,
            _ => return Err(unusable()),
        };
        let certificates = certificates(options, secure)?;
        let client = |url: &str| client(url, certificates.as_ref(), options);
        match kind {
            "" => Ok(Self::Alone(client(url)?)),
            "cluster" => {
                let parts = Parts::of(rest)?;
                // A Cluster has one database, and nothing to be said of it here.
                if !parts.database.is_empty() || !parts.query.is_empty() {
                    return Err(unusable());
                }
                let urls = parts.hosts.iter().map(|host| parts.url(plain, parts.user, host, NODE_PORT));
                Ok(Self::Cluster(urls.map(|url| client(&url)).collect::<Result<_, _>>()?))
            }
            "sentinel" => Ok(Self::Sentinels(Sentinels::parse(plain, &Parts::of(rest)?, certificates)?)),
            _ => Err(unusable()),
        }
    }
}

impl Sentinels {
    fn parse(scheme: &str, parts: &Parts<'_>, certificates: Option<TlsCertificates>) -> Result<Self, OpenError> {
        let (mut master, mut user, mut password) = ("", "", "");
        for pair in parts.query.split('&') {
            match pair.split_once('=') {
                Some(("master", value)) => master = value,
                Some(("sentinel_user", value)) => user = value,
                Some(("sentinel_password", value)) => password = value,
                _ => return Err(unusable()),
            }
        }
        // What Sentinel itself allows.
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if master.is_empty() || !master.chars().all(plain) {
            return Err(unusable());
        }
        let credentials = if password.is_empty() { String::new() } else { format!("{user}:{password}@") };
        let info = |url: String| url.into_connection_info().map_err(|_| unusable());
        let each = parts.hosts.iter().map(|host| info(parts.url(scheme, &credentials, host, SENTINEL_PORT)));
        let servers = info(format!("{scheme}://{}any{}", parts.user, parts.database))?;
        Ok(Self { each: each.collect::<Result<_, _>>()?, master: master.to_owned(), servers, certificates })
    }

    /// One for each Sentinel, so that they can be asked at the same time: those that are gone must not hold up the others.
    pub(super) fn clients(&self) -> RedisResult<Vec<SentinelClient>> {
        self.each.iter().map(|sentinel| self.client(sentinel)).collect()
    }

    fn client(&self, sentinel: &ConnectionInfo) -> RedisResult<SentinelClient> {
        let secure = matches!(sentinel.addr(), ConnectionAddr::TcpTls { .. });
        let (asked, servers) = (sentinel.redis_settings(), self.servers.redis_settings());
        let addresses = [sentinel.addr().clone()];
        let mut builder = SentinelClientBuilder::new(addresses, &self.master, SentinelServerType::Master)?
            .set_client_to_redis_db(servers.db());
        if secure {
            builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
            if let Some(certificates) = &self.certificates {
                builder = builder.set_client_to_redis_certificates(certificates.clone());
                builder = builder.set_client_to_sentinel_certificates(certificates.clone());
            }
        }
        if let Some(user) = servers.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = servers.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        if let Some(user) = asked.username() {
            builder = builder.set_client_to_sentinel_username(user);
        }
        if let Some(password) = asked.password() {
            builder = builder.set_client_to_sentinel_password(password);
        }
        builder.build()
    }
}

/// What comes after the scheme where there are several hosts.
struct Parts<'u> {
    /// With its `@`, or nothing.
    user: &'u str,
    hosts: Vec<&'u str>,
    /// With its `/`, or nothing.
    database: &'u str,
    query: &'u str,
}

impl<'u> Parts<'u> {
    fn of(rest: &'u str) -> Result<Self, OpenError> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, rest) = rest.split_at(rest.rfind('@').map_or(0, |at| at + 1));
        let (hosts, database) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let hosts: Vec<&str> = hosts.split(',').collect();
        if hosts.iter().any(|host| host.is_empty()) {
            return Err(unusable());
        }
        Ok(Self { user, hosts, database: if database == "/" { "" } else { database }, query })
    }

    fn url(&self, scheme: &str, user: &str, host: &str, port: u16) -> String {
        // In `[::1]` the last colon is none before a port.
        let has_port = host.rfind(':').is_some_and(|colon| !host[colon..].contains(']'));
        if has_port { format!("{scheme}://{user}{host}") } else { format!("{scheme}://{user}{host}:{port}") }
    }
}

fn unusable() -> OpenError {
    let forms = "`redis://host:port`, `redis+sentinel://host:port,…?master=name` or `redis+cluster://host:port,…`";
    OpenError::Address(format!("it is none of {forms}, or one of them with `rediss` for TLS"))
}

/// The authorities to trust instead of the public ones.
fn certificates(options: &RedisOptions, secure: bool) -> Result<Option<TlsCertificates>, OpenError> {
    let Some(file) = options.ca_file.as_ref().filter(|_| secure) else { return Ok(None) };
    let root_cert = std::fs::read(file).map_err(|source| OpenError::Folder { path: file.clone(), source })?;
    Ok(Some(TlsCertificates { client_tls: None, root_cert: Some(root_cert) }))
}

fn client(url: &str, certificates: Option<&TlsCertificates>, options: &RedisOptions) -> Result<Client, OpenError> {
    let Some(certificates) = certificates else { return Client::open(url).map_err(|_| unusable()) };
    Client::build_with_tls(url, certificates.clone()).map_err(|err| {
        let file = options.ca_file.clone().unwrap_or_default();
        OpenError::Address(format!("`{}` has no certificate authorities to trust ({})", file.display(), err.category()))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn parse(url: &str) -> Result<Address, OpenError> {
        let options = RedisOptions {
            prefix: "isolet".to_owned(),
            timeout: Duration::from_secs(1),
            blob_timeout: Duration::from_secs(1),
            wait_replicas: None,
            ca_file: None,
        };
        Address::parse(url, &options)
    }

    fn addresses<'a>(each: impl IntoIterator<Item = &'a ConnectionInfo>) -> Vec<String> {
        each.into_iter().map(|info| info.addr().to_string()).collect()
    }

    #[test]
    fn several_hosts_are_told_apart() {
        let Ok(Address::Cluster(nodes)) = parse("redis+cluster://user:p%40ss@a,b:7000,[::1],[::1]:7001") else {
            panic!("it is a cluster")
        };
        let infos: Vec<_> = nodes.iter().map(Client::get_connection_info).collect();
        assert_eq!(addresses(infos.iter().copied()), ["a:6379", "b:7000", "::1:6379", "::1:7001"]);
        assert!(infos.iter().all(|info| info.redis_settings().password() == Some("p@ss")));

        let url = "redis+sentinel://:one@a,b:7000/3?master=mymaster&sentinel_user=me&sentinel_password=two";
        let Ok(Address::Sentinels(sentinels)) = parse(url) else { panic!("they are sentinels") };
        assert_eq!(addresses(&sentinels.each), ["a:26379", "b:7000"]);
        let (asked, servers) = (sentinels.each[1].redis_settings(), sentinels.servers.redis_settings());
        assert_eq!((asked.username(), asked.password()), (Some("me"), Some("two")));
        assert_eq!((servers.username(), servers.password(), servers.db()), (None, Some("one"), 3));
        assert_eq!(sentinels.clients().expect("they can be asked").len(), 2);
        assert!(matches!(parse("rediss+sentinel://a?master=m"), Ok(Address::Sentinels(_))));
    }

    #[test]
    fn a_bad_address_is_refused_without_being_repeated() {
        for url in [
            "",
            "http://x",
            "redis://:hunter2@",
            "redis://user:hunter2@host:port",
            "hunter2@localhost",
            "redis+cluster://",
            "redis+cluster://:hunter2@a,,b",
            "redis+cluster://:hunter2@a/2",
            "redis+cluster://:hunter2@a:port",
            "redis+sentinel://:hunter2@a",
            "redis+sentinel://:hunter2@a?master=",
            "redis+sentinel://:hunter2@a?master=a%20b",
            "redis+sentinel://:hunter2@a?master=m&hunter2=1",
            "redis+sentinel://:hunter2@a/x?master=m",
            "redis+nothing://:hunter2@a",
        ] {
            let refused = parse(url).err().map(|err| err.to_string());
            assert!(refused.as_ref().is_some_and(|said| !said.contains("hunter2")), "{url}: {refused:?}");
        }
    }
}
