//! Hosts of a tenant's own, and routes on them. A host is assigned by a key that may change tenants; routing within it is the tenant's.

use std::sync::Arc;

use axum::extract::State;
use isolet_domain::ids::RouteId;
use isolet_domain::route::{Route, RouteHost};
use isolet_domain::service::condition::Condition;

use super::fields::invalid;
use crate::answer::{Answer, NoContent, Put};
use crate::caller::{In, Of, RawHost, RawRoute, needs};
use crate::failure::Failure;
use crate::preconditions::Preconditions;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::List;
use crate::wire::routing::{HostResponse, PutRouteRequest, RouteResponse};

pub async fn list_hosts(
    State(app): State<AppState>,
    found: In<needs::RoutesRead>,
) -> Result<Answer<List<HostResponse>>, Failure> {
    let hosts = app.platform().routes.routing(&found.scope).await?.hosts;
    Ok(Answer(List::whole(hosts.iter().map(|host| HostResponse { host: host.to_string() }).collect())))
}

pub async fn put_host(
    State(app): State<AppState>,
    found: In<needs::TenantsWrite>,
    RawHost(host): RawHost,
) -> Result<Put<HostResponse>, Failure> {
    let host = RouteHost::parse(&host).map_err(|error| invalid("/host", "host", &error.to_string()))?;
    // Names in there are functions' own: `{function}--{tenant}`.
    if host.is_within(&app.config().base_domain) {
        return Err(invalid("/host", "host", "lies within the domain that functions' own host names are made of"));
    }
    let value = HostResponse { host: host.to_string() };
    let created = app.platform().routes.assign(&found.scope, host).await?;
    Ok(Put { created, value })
}

pub async fn delete_host(
    State(app): State<AppState>,
    found: In<needs::TenantsWrite>,
    Of(host): Of<RouteHost>,
) -> Result<NoContent, Failure> {
    app.platform().routes.release(&found.scope, host).await?;
    Ok(NoContent)
}

pub async fn list_routes(
    State(app): State<AppState>,
    found: In<needs::RoutesRead>,
) -> Result<Answer<List<RouteResponse>>, Failure> {
    let routes = app.platform().routes.routing(&found.scope).await?.routes;
    Ok(Answer(List::whole(routes.iter().map(|(id, route)| RouteResponse::new(id, route)).collect())))
}

pub async fn get_route(
    State(app): State<AppState>,
    found: In<needs::RoutesRead>,
    Of(id): Of<RouteId>,
) -> Result<Answer<RouteResponse>, Failure> {
    let route = app.platform().routes.get(&found.scope, &id).await?;
    Ok(Answer(RouteResponse::new(&id, &route)))
}

pub async fn put_route(
    State(app): State<AppState>,
    found: In<needs::RoutesWrite>,
    RawRoute(id): RawRoute,
    conditions: Preconditions,
    Json(request, _room): Json<PutRouteRequest>,
) -> Result<Put<RouteResponse>, Failure> {
    let id = RouteId::parse(&id).map_err(|error| invalid("/id", "name", &error.to_string()))?;
    let route = request.into_domain().map_err(Failure::Invalid)?;
    let condition = of_route(conditions, &id);
    let (route, created) = app.platform().routes.put(&found.scope, id.clone(), route, condition).await?;
    Ok(Put { created, value: RouteResponse::new(&id, &route) })
}

pub async fn delete_route(
    State(app): State<AppState>,
    found: In<needs::RoutesWrite>,
    Of(id): Of<RouteId>,
    conditions: Preconditions,
) -> Result<NoContent, Failure> {
    let condition = of_route(conditions, &id);
    app.platform().routes.delete(&found.scope, id, condition).await?;
    Ok(NoContent)
}

fn of_route(conditions: Preconditions, id: &RouteId) -> Condition<Route> {
    let id = id.clone();
    Arc::new(move |held: Option<&Route>| conditions.of_shown(held.map(|route| RouteResponse::new(&id, route)).as_ref()))
}
