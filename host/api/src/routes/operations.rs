//! Every operation there is: one line makes the route and its place in the OpenAPI document. What a signature says (parameters, body,
//! answers, scope, and the problems that come with those) is read off it; a line lists the problems that the use case adds.
//! `cargo run -p isolet-api --example openapi` rewrites `host/api/openapi.json`; `tests/api/access.table` wants a row for each.

use super::{
    activity, aliases, audit, checks, comparison, egress, functions, global_keys, history, host, invoke, keys, limits,
    logs, openapi, previews, problems, routing, runs, secrets, series, suspension, tenants, usage, variables, versions,
};
use crate::catalogue::{self as rows, Row};
use crate::document::{Endpoint, op};
use crate::wire::code::MAX_CODE_BODY_BYTES;

/// Bytes of a body without code.
const BODY: usize = 1 << 20;

const INVALID: &[Row] = &[rows::INVALID];
const CODE: &[Row] = &[rows::INVALID_CODE, rows::CODE_TOO_LARGE];
const BUILD: &[Row] =
    &[rows::BUILD_FAILED, rows::BUILD_LIMIT, rows::STARTUP_FAILED, rows::STARTUP_LIMIT, rows::OVERLOADED];
const ADMISSION: &[Row] = &[rows::RATE_LIMITED, rows::QUOTA_EXCEEDED, rows::OVERLOADED];
const RUN: &[Row] = &[rows::EGRESS_NOT_ALLOWED, rows::NO_FUNCTION, rows::NO_VERSION, rows::NO_RUN, rows::NOT_DEPLOYED];
const REPLAY: &[Row] = &[rows::NOT_REPLAYABLE];
const POLICY: &[Row] = &[rows::EGRESS_NOT_ALLOWED, rows::UNCONDITIONAL];
const UNCONDITIONAL: &[Row] = &[rows::UNCONDITIONAL];
const NO_ANSWER: &[Row] = &[rows::NO_ANSWER];
const SECRETS: &[Row] = &[rows::TOO_MANY_SECRETS, rows::STORAGE_FULL];
const STORED: &[Row] = &[rows::STORAGE_FULL];
const KEYS: &[Row] = &[rows::TOO_MANY_API_KEYS];
const LAST_ADMIN_KEY: &[Row] = &[rows::LAST_ADMIN_KEY];
const NO_SECRET: &[Row] = &[rows::NO_SECRET];
const OTHER_KIND: &[Row] = &[rows::OTHER_KIND];
const NO_FUNCTION: &[Row] = &[rows::NO_FUNCTION];
const NO_TENANT: &[Row] = &[rows::NO_TENANT];
const SUSPENDED: &[Row] = &[rows::SUSPENDED];
const NAMED: &[Row] = &[rows::VERSION_IN_USE];
const VERSION: &[Row] = &[rows::NO_VERSION];
const ALIASES: &[Row] = &[rows::TOO_MANY_ALIASES];
const ALIAS: &[Row] = &[rows::TOO_MANY_ALIASES, rows::NO_FUNCTION, rows::UNCONDITIONAL];
const ROUTED: &[Row] = &[rows::ALIAS_ROUTED];
const TAIL: &[Row] = &[rows::OVERLOADED];
const HOST: &[Row] = &[rows::HOST_TAKEN, rows::TOO_MANY_HOSTS];
const ROUTE: &[Row] = &[rows::PREFIX_TAKEN, rows::TOO_MANY_ROUTES];
const EARLIER: &[Row] = &[rows::NO_ALIAS, rows::NOTHING_EARLIER];
const SLUG: &[Row] = &[rows::SLUG_TAKEN];
const STORE: &[Row] = &[rows::STORE];
const SIGN_IN: &[Row] = &[rows::UNAUTHENTICATED, rows::STORE];
const GUEST: &[Row] = &[
    rows::NOTHING_TO_INVOKE,
    rows::BODY_TOO_LARGE,
    rows::EXCEPTION,
    rows::NO_RESPONSE,
    rows::CPU_LIMIT,
    rows::WALL_LIMIT,
    rows::MEMORY_LIMIT,
    rows::STACK_LIMIT,
    rows::OUTPUT_LIMIT,
    rows::SUBREQUEST_LIMIT,
    rows::EGRESS_DENIED,
    rows::CLIENT_DISCONNECTED,
    rows::UNREADY_BUILD,
    rows::UNREADY_BUILD_LIMIT,
    rows::UNREADY_STARTUP,
    rows::UNREADY_STARTUP_LIMIT,
    rows::LOOP,
];

pub fn all() -> Vec<Endpoint> {
    [about_the_host(), of_tenants(), of_hosts(), of_functions(), of_runs()].into_iter().flatten().collect()
}

fn about_the_host() -> Vec<Endpoint> {
    vec![
        op!(GET "/healthz", host::get_health, "Says that the host is up.", &[]),
        op!(GET "/readyz", host::get_readiness, "Says whether the host takes requests.", &[]),
        op!(GET "/metrics", host::get_metrics, "Counts of the whole host, for Prometheus.", &[]),
        op!(GET "/problems", problems::list_problems, "A page that lists the codes of problems.", &[]),
        op!(GET "/problems/{code}", problems::get_problem, "A page about one code.", &[]),
        op!(GET "/v1/openapi.json", openapi::get_openapi, "This document.", &[]),
        op!(GET "/v1/info", host::get_info, "Versions, limits and settings of the host.", &[]),
        op!(POST "/v1/sessions", tenants::open_session,
            "Exchanges a key or the one-time link for a session.", &[INVALID, SIGN_IN]),
        op!(POST "/v1/sessions/links", tenants::create_link,
            "A one-time link that signs a browser in as whoever asks.", &[STORE]),
        op!(GET "/v1/whoami", tenants::get_caller, "What this credential may do, and where.", &[STORE]),
        op!(GET "/v1/usage", usage::get_usage, "What the tenants within reach used, for bills.", &[]),
        op!(GET "/v1/activity", activity::list_activity,
            "A day of several tenants' requests, and their quotas: what a list of tenants shows.", &[]),
        op!(POST "/v1/check", checks::check_code,
            "What is wrong with code, without running any of it.", &[CODE, BUILD, ADMISSION])
        .unrecorded(),
        op!(GET "/v1/keys", global_keys::list_global_keys,
            "The keys that reach all tenants, without their secrets; for the operator.", &[]),
        op!(POST "/v1/keys", global_keys::create_global_key,
            "Makes an admin key, or a platform's; for the operator. The answer alone shows its secret.", &[INVALID])
        .repeatable(BODY),
        op!(DELETE "/v1/keys/{key}", global_keys::delete_global_key,
            "Revokes a key that reaches all tenants; for the operator. One admin key that never ends stays.", &[LAST_ADMIN_KEY]),
        op!(POST "/v1/keys/{key}/rotate", global_keys::rotate_global_key,
            "Makes a key of the same kind, and ends this one after a grace; for the operator.", &[INVALID])
        .repeatable(BODY),
        op!(GET "/v1/audit", audit::list_audit, "Who changed what, newest first.", &[]),
        op!(GET "/v1/audit/verify", audit::verify_audit,
            "Goes through the audit and names the first entry that is not as it was written; for the operator.", &[]),
    ]
}

fn of_tenants() -> Vec<Endpoint> {
    vec![
        op!(GET "/v1/tenants", tenants::list_tenants, "The tenants within reach, by slug.", &[]),
        op!(POST "/v1/tenants", tenants::create_tenant, "Adds a tenant.", &[INVALID, SLUG, NO_TENANT]).repeatable(BODY),
        op!(GET "/v1/tenants/{tenant}", tenants::get_tenant, "A tenant.", &[]),
        op!(PATCH "/v1/tenants/{tenant}", tenants::update_tenant, "Changes a tenant's labels, or its plan.", &[INVALID]),
        op!(DELETE "/v1/tenants/{tenant}", tenants::delete_tenant,
            "Removes a tenant with all it owns, what it used included: take its bill first.", &[]),
        op!(POST "/v1/tenants/{tenant}/suspend", suspension::suspend_tenant,
            "Lets nothing of the tenant run until it is resumed; for the operator.", &[INVALID]),
        op!(POST "/v1/tenants/{tenant}/resume", suspension::resume_tenant,
            "Lets a suspended tenant go on; for the operator.", &[]),
        op!(GET "/v1/tenants/{tenant}/limits", limits::get_tenant_limits,
            "The limits that are set for the tenant, and those that count.", &[]),
        op!(PUT "/v1/tenants/{tenant}/limits", limits::put_tenant_limits,
            "Replaces the limits that are set for the tenant; for the operator.", &[INVALID]),
        op!(GET "/v1/tenants/{tenant}/metrics", series::get_tenant_metrics,
            "Numbers about the tenant's requests over time.", &[]),
        op!(GET "/v1/tenants/{tenant}/logs", logs::list_logs,
            "What the tenant's code said and how its requests ended, newest first; or as it comes.", &[TAIL]),
        op!(GET "/v1/tenants/{tenant}/keys", tenants::list_keys, "The tenant's keys, without their secrets.", &[]),
        op!(POST "/v1/tenants/{tenant}/keys", tenants::create_key,
            "Makes a key; the answer alone shows its secret.", &[INVALID, KEYS])
        .repeatable(BODY),
        op!(DELETE "/v1/tenants/{tenant}/keys/{key}", tenants::delete_key, "Revokes a key.", &[]),
        op!(POST "/v1/tenants/{tenant}/keys/{key}/rotate", keys::rotate_key,
            "Makes a key of the same kind, and ends this one after a grace.", &[INVALID, KEYS])
        .repeatable(BODY),
        op!(GET "/v1/tenants/{tenant}/egress", egress::get_tenant_egress,
            "The tenant's rules for outgoing requests.", &[]),
        op!(PUT "/v1/tenants/{tenant}/egress", egress::put_tenant_egress,
            "Replaces the tenant's rules for outgoing requests.", &[INVALID, POLICY]),
        op!(DELETE "/v1/tenants/{tenant}/egress", egress::delete_tenant_egress,
            "Removes the tenant's rules for outgoing requests.", &[UNCONDITIONAL]),
        op!(GET "/v1/tenants/{tenant}/egress/ceiling", egress::get_ceiling,
            "What the operator lets this tenant open at most.", &[]),
        op!(PUT "/v1/tenants/{tenant}/egress/ceiling", egress::put_ceiling,
            "Replaces the tenant's ceiling; for the operator.", &[INVALID, POLICY]),
        op!(DELETE "/v1/tenants/{tenant}/egress/ceiling", egress::delete_ceiling,
            "Gives the tenant the host's ceiling; for the operator.", &[UNCONDITIONAL]),
        op!(GET "/v1/tenants/{tenant}/secrets", secrets::list_tenant_secrets, "Names of the tenant's secrets.", &[]),
        op!(PUT "/v1/tenants/{tenant}/secrets/{variable}", secrets::put_tenant_secret,
            "Sets a secret of the tenant; it is never shown again.", &[INVALID, SECRETS]),
        op!(DELETE "/v1/tenants/{tenant}/secrets/{variable}", secrets::delete_tenant_secret,
            "Removes a secret of the tenant.", &[NO_SECRET]),
        op!(GET "/v1/tenants/{tenant}/env", variables::list_tenant_variables,
            "The variables that all code of the tenant finds.", &[]),
        op!(POST "/v1/tenants/{tenant}/env", variables::set_tenant_variable,
            "Sets a variable of the tenant; a function's own of that name counts instead.", &[INVALID, STORED])
        .repeatable(BODY),
        op!(DELETE "/v1/tenants/{tenant}/env/{variable}", variables::delete_tenant_variable,
            "Removes a variable of the tenant.", &[]),
    ]
}

fn of_hosts() -> Vec<Endpoint> {
    vec![
        op!(GET "/v1/tenants/{tenant}/hosts", routing::list_hosts, "The hosts that are assigned to the tenant.", &[]),
        op!(PUT "/v1/tenants/{tenant}/hosts/{host}", routing::put_host,
            "Assigns a host to the tenant; for the operator.", &[INVALID, HOST]),
        op!(DELETE "/v1/tenants/{tenant}/hosts/{host}", routing::delete_host,
            "Takes a host away from the tenant, with its routes; for the operator.", &[]),
        op!(GET "/v1/tenants/{tenant}/routes", routing::list_routes, "The tenant's routes, by id.", &[]),
        op!(GET "/v1/tenants/{tenant}/routes/{route}", routing::get_route, "A route.", &[]),
        op!(PUT "/v1/tenants/{tenant}/routes/{route}", routing::put_route,
            "Makes a route, or changes where it leads.", &[INVALID, ROUTE]),
        op!(DELETE "/v1/tenants/{tenant}/routes/{route}", routing::delete_route, "Removes a route.", &[]),
    ]
}

fn of_functions() -> Vec<Endpoint> {
    vec![
        op!(GET "/v1/tenants/{tenant}/functions", functions::list_functions, "The tenant's functions, by name.", &[]),
        op!(DELETE "/v1/tenants/{tenant}/functions", functions::delete_functions,
            "Removes the functions that have all the labels given, with their versions and the routes that lead to them.", &[]),
        op!(GET "/v1/tenants/{tenant}/functions/{function}", functions::get_function, "A function.", &[]),
        op!(PUT "/v1/tenants/{tenant}/functions/{function}", functions::put_function,
            "Makes a function, or changes its labels.", &[INVALID, NO_FUNCTION, OTHER_KIND, STORED]),
        op!(DELETE "/v1/tenants/{tenant}/functions/{function}", functions::delete_function,
            "Removes a function with its versions, and the routes that lead to it.", &[]),
        op!(GET "/v1/tenants/{tenant}/functions/{function}/limits", limits::get_function_limits,
            "The limits that are set for the function, and those that count.", &[]),
        op!(PUT "/v1/tenants/{tenant}/functions/{function}/limits", limits::put_function_limits,
            "Replaces the limits that are set for the function; they can only lower the tenant's.", &[INVALID]),
        op!(GET "/v1/tenants/{tenant}/functions/{function}/egress", egress::get_function_egress,
            "The function's rules for outgoing requests.", &[]),
        op!(PUT "/v1/tenants/{tenant}/functions/{function}/egress", egress::put_function_egress,
            "Replaces the function's rules for outgoing requests.", &[INVALID, POLICY]),
        op!(DELETE "/v1/tenants/{tenant}/functions/{function}/egress", egress::delete_function_egress,
            "Removes the function's rules for outgoing requests.", &[UNCONDITIONAL]),
        op!(GET "/v1/tenants/{tenant}/functions/{function}/secrets", secrets::list_function_secrets,
            "Names of the function's secrets.", &[]),
        op!(PUT "/v1/tenants/{tenant}/functions/{function}/secrets/{variable}", secrets::put_function_secret,
            "Sets a secret of the function; it is never shown again.", &[INVALID, SECRETS]),
        op!(DELETE "/v1/tenants/{tenant}/functions/{function}/secrets/{variable}", secrets::delete_function_secret,
            "Removes a secret of the function.", &[NO_SECRET]),
        op!(GET "/v1/tenants/{tenant}/functions/{function}/env", variables::list_variables,
            "The function's variables.", &[]),
        op!(POST "/v1/tenants/{tenant}/functions/{function}/env", variables::set_variable,
            "Sets a variable of the function.", &[INVALID, STORED])
        .repeatable(BODY),
        op!(DELETE "/v1/tenants/{tenant}/functions/{function}/env/{variable}", variables::delete_variable,
            "Removes a variable of the function.", &[]),
        op!(GET "/v1/tenants/{tenant}/functions/{function}/versions", versions::list_versions,
            "The function's versions, newest first.", &[]),
        op!(POST "/v1/tenants/{tenant}/functions/{function}/versions", versions::add_version,
            "Builds a version; the same code again is the version that is there.", &[INVALID, OTHER_KIND, CODE, BUILD, STORED])
        .repeatable(MAX_CODE_BODY_BYTES),
        op!(GET "/v1/tenants/{tenant}/functions/{function}/versions/{version}", versions::get_version,
            "A version.", &[]),
        op!(DELETE "/v1/tenants/{tenant}/functions/{function}/versions/{version}", versions::delete_version,
            "Removes a version that no alias names.", &[NAMED]),
        op!(GET "/v1/tenants/{tenant}/functions/{function}/versions/{version}/source", versions::get_source,
            "The code that a version was made of.", &[]),
        op!(GET "/v1/tenants/{tenant}/functions/{function}/versions/{version}/diff", comparison::diff_version,
            "What a version changed.", &[]),
        op!(GET "/v1/tenants/{tenant}/functions/{function}/versions/{version}/component", comparison::get_component,
            "The stand-alone component of a version, which any wasi:http host can serve.", &[BUILD, SUSPENDED]),
        op!(POST "/v1/tenants/{tenant}/functions/{function}/deploy", versions::deploy_version,
            "Sends all traffic of an alias, `live` as a rule, to a version that was built before or is now.",
            &[INVALID, OTHER_KIND, CODE, BUILD, VERSION, STORED, ALIASES])
        .repeatable(MAX_CODE_BODY_BYTES),
        op!(GET "/v1/tenants/{tenant}/functions/{function}/aliases", aliases::list_aliases,
            "The function's aliases.", &[]),
        op!(GET "/v1/tenants/{tenant}/functions/{function}/aliases/{alias}", aliases::get_alias,
            "An alias, and how it splits traffic.", &[]),
        op!(PUT "/v1/tenants/{tenant}/functions/{function}/aliases/{alias}", aliases::put_alias,
            "Makes an alias, or changes how it splits traffic.", &[INVALID, ALIAS, BUILD]),
        op!(DELETE "/v1/tenants/{tenant}/functions/{function}/aliases/{alias}", aliases::delete_alias,
            "Removes an alias that no route leads to.", &[UNCONDITIONAL, ROUTED]),
        op!(POST "/v1/tenants/{tenant}/functions/{function}/rollback", aliases::rollback_function,
            "Sends traffic where it went before, or to a version.", &[INVALID, EARLIER, BUILD]),
        op!(ANY "/v1/tenants/{tenant}/functions/{function}/invoke", invoke::invoke_function as "invoke_function",
            "Sends the live version a request for `/`.", &[GUEST, ADMISSION]),
        op!(ANY "/v1/tenants/{tenant}/functions/{function}/invoke/{*path}", invoke::invoke_function as "invoke_function_at",
            "Sends the live version a request for a path.", &[GUEST, ADMISSION]),
    ]
}

fn of_runs() -> Vec<Endpoint> {
    vec![
        op!(GET "/v1/tenants/{tenant}/runs", history::list_runs, "The recorded runs, newest first.", &[]),
        op!(POST "/v1/tenants/{tenant}/runs", runs::create_run,
            "Runs code, a version or a function once.", &[INVALID, CODE, BUILD, ADMISSION, RUN, STORED])
        .unrecorded()
        .repeatable(MAX_CODE_BODY_BYTES),
        op!(DELETE "/v1/tenants/{tenant}/runs", history::clear_runs, "Forgets all runs without a star.", &[]),
        op!(GET "/v1/tenants/{tenant}/runs/{run}", history::get_run, "A run with everything that is kept of it.", &[]),
        op!(DELETE "/v1/tenants/{tenant}/runs/{run}", history::delete_run, "Forgets a run.", &[]),
        op!(POST "/v1/tenants/{tenant}/runs/{run}/replay", runs::replay_run,
            "Runs the same code with the same request again.", &[BUILD, ADMISSION, RUN, REPLAY, INVALID, STORED])
        .unrecorded()
        .repeatable(BODY),
        op!(POST "/v1/tenants/{tenant}/runs/{run}/preview", previews::create_preview,
            "Gives out an address at which the run's answer is shown as a page, on an origin of its own, for ten minutes.", &[NO_ANSWER])
        .unrecorded(),
        op!(GET "/v1/tenants/{tenant}/prompts", history::list_prompts, "The prompts, newest first.", &[]),
        op!(POST "/v1/tenants/{tenant}/prompts", history::save_prompt,
            "Keeps a prompt without running it.", &[INVALID, STORED])
        .repeatable(BODY),
        op!(DELETE "/v1/tenants/{tenant}/prompts", history::clear_prompts, "Forgets all prompts without a star.", &[]),
        op!(DELETE "/v1/tenants/{tenant}/prompts/{run}", history::delete_prompt, "Forgets a prompt.", &[]),
        op!(PUT "/v1/tenants/{tenant}/prompts/{run}/star", history::star_prompt,
            "Gives a prompt a star, or takes it.", &[]),
    ]
}
