//! Every kind of problem that an answer can tell of: status, code, title, and what its page says. Which failure is of which kind is
//! in `failure`; the document is written in `problem`, the pages in `routes/problems`.

use http::StatusCode;

/// One kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub status: StatusCode,
    /// Stable: programs compare it.
    pub code: &'static str,
    pub title: &'static str,
    /// What it means and what to do about it, for the page of the code.
    pub about: &'static str,
}

macro_rules! rows {
    ($($name:ident = $status:ident $code:literal, $title:literal, $about:literal;)*) => {
        $(
            pub const $name: Row =
                Row { status: StatusCode::$status, code: $code, title: $title, about: $about };
        )*

        /// All of them.
        pub const ALL: &[Row] = &[$($name,)*];
    };
}

rows! {
    MALFORMED = BAD_REQUEST "malformed_request", "Malformed request",
        "The body is not JSON of the shape that this operation takes, or a parameter cannot be read. Unknown fields and repeated \
         keys are refused as well, so that no mistyped limit is silently ignored. `errors` names the place.";
    INVALID_HOST = BAD_REQUEST "invalid_host", "Invalid host name",
        "The request names no host, several, or one that is not a host name. Send one `Host` field.";
    UNAUTHENTICATED = UNAUTHORIZED "unauthenticated", "Not signed in",
        "The operation needs `Authorization: Bearer` with a key or a session token that is known, not revoked and not expired. One of a \
         key that is bound to networks (`cidr`) is known from there alone.";
    FORBIDDEN = FORBIDDEN "forbidden", "Not allowed",
        "The credential is valid and lacks what the operation needs; `detail` names it. Use a key of a preset that has it.";
    CROSS_SITE = FORBIDDEN "cross_site", "Request from another site",
        "A browser said that a page of another site sent this. Requests that change something are taken from the console's own \
         pages and from programs.";
    EGRESS_NOT_ALLOWED = FORBIDDEN "egress_not_allowed", "Egress not allowed",
        "A rule opens what only the operator can open, such as addresses that are not globally routable. Rules below the ceiling \
         can only narrow it.";
    NOT_FOUND = NOT_FOUND "not_found", "Not found",
        "There is nothing at this address. The OpenAPI document at `/v1/openapi.json` lists what there is.";
    NO_TENANT = NOT_FOUND "tenant_not_found", "Not found",
        "There is no tenant of that slug within reach of this credential. A tenant out of reach is answered like one that does \
         not exist.";
    NO_FUNCTION = NOT_FOUND "function_not_found", "Function not found",
        "The tenant has no function of that name.";
    NO_VERSION = NOT_FOUND "version_not_found", "Version not found",
        "The function, or the tenant, has no version of that id.";
    NO_RUN = NOT_FOUND "run_not_found", "Run not found",
        "The tenant has no such run or prompt. Only the newest runs and those with a star are kept.";
    NO_KEY = NOT_FOUND "key_not_found", "Not found",
        "There is no key of that id: the tenant has none, or, among the keys of all tenants, the host. It may have been revoked already.";
    NO_ALIAS = NOT_FOUND "alias_not_found", "Not found",
        "The function has no alias of that name.";
    NO_ROUTE = NOT_FOUND "route_not_found", "Not found",
        "The tenant has no route of that id; or, on one of a tenant's own hosts, no route leads on from that path.";
    NO_HOST = NOT_FOUND "host_not_found", "Not found",
        "The host is not assigned to the tenant.";
    NO_VARIABLE = NOT_FOUND "variable_not_found", "Not found",
        "There is no variable of that name at this tenant or function.";
    NO_SECRET = NOT_FOUND "secret_not_found", "Not found",
        "There is no secret of that name at this tenant or function.";
    NOTHING_TO_INVOKE = NOT_FOUND "not_deployed", "Nothing deployed",
        "The function is there and no version of it has been deployed. `POST …/deploy` makes one live.";
    METHOD = METHOD_NOT_ALLOWED "method_not_allowed", "Method not allowed",
        "The address does not take that method; the field `Allow` lists those that it takes.";
    BODY_TOO_SLOW = REQUEST_TIMEOUT "body_too_slow", "Body too slow",
        "The body did not arrive in time. Send it again over a better connection.";
    NOT_DEPLOYED = CONFLICT "not_deployed", "Nothing deployed",
        "The function is there and no version of it has been deployed, so there is nothing to run. `POST …/deploy` makes one live.";
    OTHER_KIND = CONFLICT "other_kind", "Function of another kind",
        "A function's versions are modules or components, as was said when it was made. Make a function of another name.";
    VERSION_IN_USE = CONFLICT "version_in_use", "Version in use",
        "An alias names the version, if only with a weight of 0; `detail` says which. Send its traffic elsewhere, or delete the alias, first.";
    SLUG_TAKEN = CONFLICT "slug_taken", "Slug taken",
        "Another tenant has this slug. Slugs are unique within the host.";
    LAST_ADMIN_KEY = CONFLICT "last_admin_key", "Last admin key",
        "It is the last admin key that never ends, and nobody could get in without it. Make another one first, or rotate this one.";
    TOO_MANY_API_KEYS = CONFLICT "too_many_keys", "Too many keys",
        "The tenant has as many keys as it can have, those that have ended aside. Revoke one that is no longer used.";
    TOO_MANY_SECRETS = CONFLICT "too_many_secrets", "Too many secrets",
        "A tenant or function has as many secrets as it can have. Delete one that is no longer used.";
    ALIAS_ROUTED = CONFLICT "alias_routed", "Alias has routes",
        "Routes lead to this alias, and would lead nowhere without it; `detail` names them. Send them elsewhere or delete them first.";
    TOO_MANY_ALIASES = CONFLICT "too_many_aliases", "Too many aliases",
        "A function has as many aliases as it can have. Delete one that is no longer used.";
    STORAGE_FULL = CONFLICT "storage_full", "Storage full",
        "The tenant has stored as much as its plan and its limits let it: sources of versions and runs, records, variables and secrets. Delete \
         functions, versions, runs or prompts that are no longer used; `stored_bytes` in its limits says how much it may have.";
    HOST_TAKEN = CONFLICT "host_taken", "Host taken",
        "The host is assigned to another tenant. A host belongs to one tenant at most; take it away from that one first.";
    PREFIX_TAKEN = CONFLICT "prefix_taken", "Path prefix taken",
        "Another route has this host and path prefix; `detail` names it. Change that one.";
    TOO_MANY_HOSTS = CONFLICT "too_many_hosts", "Too many hosts",
        "The tenant has as many hosts as it can have. Take one away that is no longer used.";
    TOO_MANY_ROUTES = CONFLICT "too_many_routes", "Too many routes",
        "The tenant has as many routes as it can have. Delete one that is no longer used.";
    NOTHING_EARLIER = CONFLICT "nothing_earlier", "Nothing to go back to",
        "No other split is known that traffic went to before. Name a version in `to`.";
    NOT_REPLAYABLE = CONFLICT "not_replayable", "Run cannot be repeated",
        "The record does not hold all that the run was made with: a prompt that was never run, or a body that was cut; or the run \
         is still under way.";
    NO_ANSWER = CONFLICT "no_answer", "No answer to look at",
        "The run ended before there was an answer, and its outcome says why; or it is still under way; or the record is of a prompt that \
         was never run.";
    IN_FLIGHT = CONFLICT "idempotency_in_flight", "Request on its way",
        "A request with the same `Idempotency-Key` is being worked on. Ask again a little later, with the same key.";
    NOT_KEPT = CONFLICT "idempotency_answer_lost", "Answer not remembered",
        "The request with this `Idempotency-Key` was done, and its answer was too large to be remembered, or was sealed by a host with \
         another master key. It is not done again.";
    CHANGED = PRECONDITION_FAILED "precondition_failed", "Precondition failed",
        "The resource is not, or no longer, in the state that `If-Match` or `If-None-Match` demands. Read it again, and decide anew.";
    BODY_TOO_LARGE = PAYLOAD_TOO_LARGE "body_too_large", "Body too large",
        "The body has more bytes than this operation, or this function, takes.";
    CODE_TOO_LARGE = PAYLOAD_TOO_LARGE "code_too_large", "Code too large",
        "A module, or all of them together, has more bytes than code may have, or there are too many modules.";
    ADDRESS_TOO_LONG = URI_TOO_LONG "address_too_long", "Address too long",
        "Path and query together are too long.";
    MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type", "Unsupported media type",
        "Bodies are JSON in UTF-8 and say so: `content-type: application/json`. A component's version is sent \
         as its bytes: `content-type: application/wasm`.";
    MISDIRECTED = MISDIRECTED_REQUEST "misdirected", "Not served here",
        "This host does not answer for the name in the request. Names beyond loopback are listed in the host's settings.";
    INVALID = UNPROCESSABLE_ENTITY "invalid_request", "Request not acceptable",
        "The body has the right shape and a value in it is not acceptable. `errors` names each field with the reason.";
    REUSED = UNPROCESSABLE_ENTITY "idempotency_key_reused", "Key used for another request",
        "Another request was sent with this `Idempotency-Key` within the last 24 hours. Each request needs a key of its own.";
    INVALID_CODE = UNPROCESSABLE_ENTITY "invalid_code", "Code not acceptable",
        "The modules cannot be code: a name that is none, no such entry module, an empty module, or an import map that leads nowhere.";
    BUILD_FAILED = UNPROCESSABLE_ENTITY "build_failed", "The code could not be made ready",
        "The code does not compile. `errors` has each fault with file, line and column, and the lines around it.";
    BUILD_LIMIT = UNPROCESSABLE_ENTITY "build_limit", "The code could not be made ready",
        "Compiling the code took more time or memory than a build may take.";
    STARTUP_FAILED = UNPROCESSABLE_ENTITY "startup_failed", "The code could not be made ready",
        "The code compiled and its top level threw, or left nothing to call. Export an object with `fetch` as the default.";
    STARTUP_LIMIT = UNPROCESSABLE_ENTITY "startup_limit", "The code could not be made ready",
        "The code's top level used up its CPU time or memory. Move work from the top level into the handler.";
    UNCONDITIONAL = PRECONDITION_REQUIRED "precondition_required", "Precondition required",
        "What is there may not be replaced blindly, so that two who change it at once do not undo each other. Read it, and send its \
         `ETag` in `If-Match`.";
    RATE_LIMITED = TOO_MANY_REQUESTS "rate_limited", "Too many requests",
        "The tenant sends more requests than its rate allows. Wait as long as `Retry-After` says.";
    QUOTA_EXCEEDED = TOO_MANY_REQUESTS "quota_exceeded", "Quota exceeded",
        "The tenant has used up its processor time, or the bytes it may send to the outside, of a minute; `RateLimit-Policy` names which. \
         What was used comes back evenly: wait as long as `Retry-After` says.";
    TOO_MANY_CHANGES = TOO_MANY_REQUESTS "too_many_changes", "Too many changes",
        "The tenant's keys changed more things at once than the host writes down of one tenant. Nothing was done. Wait as long as \
         `Retry-After` says.";
    TOO_MANY_KEYS = TOO_MANY_REQUESTS "too_many_idempotency_keys", "Too many requests are remembered",
        "The tenant sent as many requests with an `Idempotency-Key` within the last 24 hours as are remembered. Send fewer with one.";
    INTERNAL = INTERNAL_SERVER_ERROR "internal", "Internal error",
        "Something went wrong inside the host. Its log has more under the request id of this answer.";
    EXCEPTION = INTERNAL_SERVER_ERROR "exception", "The function threw an exception",
        "An exception or a rejected promise left the handler before there was a response.";
    NO_RESPONSE = INTERNAL_SERVER_ERROR "no_response", "The function gave no response",
        "The handler ended, nothing was pending, and there was no response.";
    SUBREQUEST_LIMIT = INTERNAL_SERVER_ERROR "subrequest_limit", "The function made too many requests",
        "The function sent more requests than an invocation may send, and did not catch the error.";
    EGRESS_DENIED = INTERNAL_SERVER_ERROR "egress_denied", "The function made a request that is not allowed",
        "No rule allows a request that the function sent, and it did not catch the error. Add a rule with `PUT …/egress`.";
    CLIENT_DISCONNECTED = INTERNAL_SERVER_ERROR "client_disconnected", "The client went away",
        "The connection ended before the function answered.";
    UNREADY_BUILD = INTERNAL_SERVER_ERROR "build_failed", "The function's code could not be made ready",
        "The deployed code no longer compiles, after a change of the engine. Deploy it again to see why.";
    UNREADY_BUILD_LIMIT = INTERNAL_SERVER_ERROR "build_limit", "The function's code could not be made ready",
        "Compiling the deployed code took more than a build may take. Deploy it again to see why.";
    UNREADY_STARTUP = INTERNAL_SERVER_ERROR "startup_failed", "The function's code could not be made ready",
        "The top level of the deployed code threw. Deploy it again to see why.";
    UNREADY_STARTUP_LIMIT = INTERNAL_SERVER_ERROR "startup_limit", "The function's code could not be made ready",
        "The top level of the deployed code used up its budget. Deploy it again to see why.";
    OUTPUT_LIMIT = BAD_GATEWAY "output_limit", "The function's response is not acceptable",
        "The response has an invalid status or header, or more bytes or fields than a response may have.";
    SUSPENDED = SERVICE_UNAVAILABLE "suspended", "Suspended",
        "The tenant is suspended: nothing of it runs until the operator resumes it. What was in flight is ended a few seconds after. \
         Nobody knows when that will be: `Retry-After` says when to look again.";
    CPU_LIMIT = SERVICE_UNAVAILABLE "cpu_limit", "The function used up its CPU time",
        "The invocation used more CPU time than it may use. Only time inside the guest counts.";
    MEMORY_LIMIT = SERVICE_UNAVAILABLE "memory_limit", "The function used up its memory",
        "The guest asked for more memory than it may have and did not cope with the refusal.";
    STACK_LIMIT = SERVICE_UNAVAILABLE "stack_limit", "The function recursed too deep",
        "Calls were nested deeper than the guest's stack allows.";
    OVERLOADED = SERVICE_UNAVAILABLE "overloaded", "The host is busy",
        "The tenant, or the host, has as many requests or builds going on as it may have, and the queue is full; or as many bytes of request \
         bodies as are read at one time. Wait as long as `Retry-After` says.";
    STORE = SERVICE_UNAVAILABLE "store_unavailable", "Store not available",
        "The store does not answer or takes no writes; nothing was changed. Functions that are known go on answering. Try again after \
         `Retry-After`.";
    WALL_LIMIT = GATEWAY_TIMEOUT "wall_limit", "The function did not answer in time",
        "The invocation took longer than it may take, waiting included.";
    LOOP = LOOP_DETECTED "loop_detected", "Loop detected",
        "The request passed through hosts like this one too often (`CDN-Loop`, RFC 8586): functions call each other in a circle.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_row_for_each_of_its_statuses() {
        let mut seen = std::collections::HashSet::new();
        for row in ALL {
            assert!(seen.insert((row.code, row.status)), "{row:?}");
            assert!(row.about.len() > 20 && !row.about.contains("  "), "{row:?}");
        }
    }
}
