//! The written form of a tenant's hosts and routes.

use std::collections::{BTreeMap, BTreeSet};

use isolet_domain::ids::{AliasName, FunctionName, RouteId};
use isolet_domain::route::{PathPrefix, Route, RouteHost, Routing};
use serde::{Deserialize, Serialize};

use super::envelope::{Record, parse, parse_time};

#[derive(Serialize, Deserialize)]
pub(crate) struct RoutingRecord {
    #[serde(default)]
    hosts: BTreeSet<String>,
    #[serde(default)]
    routes: BTreeMap<String, RouteRecord>,
}

#[derive(Serialize, Deserialize)]
struct RouteRecord {
    host: String,
    path_prefix: String,
    function: String,
    alias: String,
    updated_at: String,
}

impl Record for RoutingRecord {
    type Domain = Routing;

    fn of(routing: &Routing) -> Self {
        let route = |route: &Route| RouteRecord {
            host: route.host.to_string(),
            path_prefix: route.path_prefix.to_string(),
            function: route.function.to_string(),
            alias: route.alias.to_string(),
            updated_at: route.updated_at.to_string(),
        };
        Self {
            hosts: routing.hosts.iter().map(RouteHost::to_string).collect(),
            routes: routing.routes.iter().map(|(id, held)| (id.to_string(), route(held))).collect(),
        }
    }

    fn into_domain(self) -> Result<Routing, String> {
        let hosts = self.hosts.iter().map(|host| parse("hosts", host, RouteHost::parse)).collect::<Result<_, _>>()?;
        let mut routes = BTreeMap::new();
        for (id, record) in self.routes {
            let route = Route {
                host: parse("host", &record.host, RouteHost::parse)?,
                path_prefix: parse("path_prefix", &record.path_prefix, PathPrefix::parse)?,
                function: parse("function", &record.function, FunctionName::parse)?,
                alias: parse("alias", &record.alias, AliasName::parse)?,
                updated_at: parse_time("updated_at", &record.updated_at)?,
            };
            routes.insert(parse("routes", &id, RouteId::parse)?, route);
        }
        Ok(Routing { hosts, routes })
    }
}
