//! Hosts and routes on the wire.

use isolet_domain::ids::{AliasName, FunctionName, RouteId};
use isolet_domain::route::{PathPrefix, Route, RouteHost};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::ResponseBody;
use crate::failure::FieldFault;
use crate::strict_json::RequestBody;
use crate::wire::words::Time;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutRouteRequest {
    /// One that is assigned to the tenant.
    host: String,
    /// `/` where it is left out.
    path_prefix: Option<String>,
    function: String,
    /// `live` where it is left out.
    alias: Option<String>,
}

#[derive(JsonSchema, Serialize)]
pub struct RouteResponse {
    id: String,
    host: String,
    path_prefix: String,
    function: String,
    alias: String,
    #[schemars(with = "Time")]
    updated_at: String,
}

#[derive(JsonSchema, Serialize)]
pub struct HostResponse {
    pub host: String,
}

impl RouteResponse {
    pub fn new(id: &RouteId, route: &Route) -> Self {
        Self {
            id: id.to_string(),
            host: route.host.to_string(),
            path_prefix: route.path_prefix.to_string(),
            function: route.function.to_string(),
            alias: route.alias.to_string(),
            updated_at: route.updated_at.to_string(),
        }
    }
}

impl PutRouteRequest {
    /// # Errors
    /// Every fault that it has.
    pub fn into_domain(self) -> Result<Route, Vec<FieldFault>> {
        let mut faults = Vec::new();
        let mut fault = |pointer: &str, code: &'static str, detail: String| {
            faults.push(FieldFault { pointer: pointer.to_owned(), code, detail });
        };
        let host = RouteHost::parse(&self.host).map_err(|error| fault("/host", "host", error.to_string()));
        let prefix = PathPrefix::parse(self.path_prefix.as_deref().unwrap_or("/"));
        let prefix = prefix.map_err(|error| fault("/path_prefix", "prefix", error.to_string()));
        let function = FunctionName::parse(&self.function);
        let function = function.map_err(|error| fault("/function", "name", error.to_string()));
        let alias = self.alias.as_deref().map_or(Ok(AliasName::live()), AliasName::parse);
        let alias = alias.map_err(|error| fault("/alias", "name", error.to_string()));
        match (host, prefix, function, alias) {
            (Ok(host), Ok(path_prefix), Ok(function), Ok(alias)) => {
                Ok(Route { host, path_prefix, function, alias, updated_at: Timestamp::now() })
            }
            _ => Err(faults),
        }
    }
}

impl RequestBody for PutRouteRequest {}

impl ResponseBody for RouteResponse {
    const TAGGED: bool = true;
}
impl ResponseBody for HostResponse {}
