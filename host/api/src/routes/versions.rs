//! Versions of a function, and which of them serves.

use axum::extract::State;
use isolet_domain::access::Scope;
use isolet_domain::code::Code;
use isolet_domain::ids::{AliasName, FunctionName, VersionId};
use isolet_domain::service::aliases::AliasError;
use isolet_domain::service::versions::NewVersion;

use super::aliases::honoured;
use super::fields::invalid;
use crate::answer::{Answer, NoContent, Put};
use crate::caller::{In, Of, needs};
use crate::cursor::{ListQuery, encode};
use crate::document::DryRun;
use crate::failure::Failure;
use crate::frame::framed;
use crate::preconditions::Preconditions;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::upload::{Upload, Uploaded};
use crate::wire::List;
use crate::wire::code::{CodeResponse, code};
use crate::wire::functions::{AddVersionRequest, DeployRequest, DeployResponse, VersionResponse};

const MAX_MESSAGE_CHARS: usize = 1_000;

pub async fn add_version(
    // First, as other mistakes in the query are.
    DryRun(is_dry): DryRun,
    State(app): State<AppState>,
    found: In<needs::VersionsWrite>,
    Of(function): Of<FunctionName>,
    Uploaded(upload, _room): Uploaded,
) -> Result<Put<VersionResponse>, Failure> {
    let (code, message) = match upload {
        Upload::Modules(AddVersionRequest { modules, main_module, options, message }) => {
            (code(modules, main_module, options)?, checked_message(message)?)
        }
        Upload::Component(bytes) => {
            if !found.credential.allows(Scope::ComponentsWrite) {
                return Err(Failure::Forbidden(Scope::ComponentsWrite));
            }
            (Code::component(bytes)?, String::new())
        }
    };
    let new = NewVersion { code: code.clone(), message };
    let versions = &app.platform().versions;
    if is_dry {
        let tried = versions.try_out(&found.scope, &function, new).await;
        let tried = tried.map_err(|error| framed(error.into(), &code, ""))?;
        return Ok(Put { created: false, value: VersionResponse::from(tried) });
    }
    let added = versions.add(&found.scope, &function, new).await;
    let (version, created) = added.map_err(|error| framed(error.into(), &code, ""))?;
    Ok(Put { created, value: VersionResponse::from(version) })
}

pub async fn list_versions(
    State(app): State<AppState>,
    found: In<needs::VersionsRead>,
    Of(function): Of<FunctionName>,
    query: ListQuery,
) -> Result<Answer<List<VersionResponse>>, Failure> {
    let before = query.after("versions", |text| text.parse().ok())?;
    let page = app.platform().versions.list(&found.scope, &function, before, query.limit).await?;
    let last = page.items.last().filter(|_| page.more);
    let next_cursor = last.map(|version| encode("versions", &version.number.to_string()));
    Ok(Answer(List { data: page.items.into_iter().map(VersionResponse::from).collect(), next_cursor }))
}

pub async fn get_version(
    State(app): State<AppState>,
    found: In<needs::VersionsRead>,
    Of(function): Of<FunctionName>,
    Of(version): Of<VersionId>,
) -> Result<Answer<VersionResponse>, Failure> {
    let version = app.platform().versions.get(&found.scope, &function, &version).await?;
    Ok(Answer(VersionResponse::from(version)))
}

pub async fn delete_version(
    State(app): State<AppState>,
    found: In<needs::VersionsWrite>,
    Of(function): Of<FunctionName>,
    Of(version): Of<VersionId>,
) -> Result<NoContent, Failure> {
    app.platform().versions.delete(&found.scope, &function, &version).await?;
    Ok(NoContent)
}

pub async fn get_source(
    State(app): State<AppState>,
    found: In<needs::VersionsRead>,
    Of(function): Of<FunctionName>,
    Of(version): Of<VersionId>,
) -> Result<Answer<CodeResponse>, Failure> {
    let code = app.platform().versions.source(&found.scope, &function, &version).await?;
    Ok(Answer(CodeResponse(code)))
}

pub async fn deploy_version(
    State(app): State<AppState>,
    found: In<needs::Deploy>,
    Of(function): Of<FunctionName>,
    conditions: Preconditions,
    Json(request, _room): Json<DeployRequest>,
) -> Result<Answer<DeployResponse>, Failure> {
    let alias = request.alias.as_deref().map_or(Ok(AliasName::live()), AliasName::parse);
    let alias = alias.map_err(|error| invalid("/alias", "name", &error.to_string()))?;
    let versions = &app.platform().versions;
    let (version, created) = match to_deploy(request)? {
        ToDeploy::Known(version) => (version, false),
        ToDeploy::New(new) => {
            let code = new.code.clone();
            let added = versions.add(&found.scope, &function, new).await;
            let (version, created) = added.map_err(|error| framed(error.into(), &code, ""))?;
            (version.id, created)
        }
    };
    let aliases = &app.platform().aliases;
    let condition = honoured(conditions, &alias);
    let deployed = aliases.deploy(&found.scope, &function, &alias, &version, condition).await;
    let (function, version) = deployed.map_err(of_deploy)?;
    Ok(Answer(DeployResponse {
        url: app.function_url(found.scope.slug(), &function.name),
        function: function.name.to_string(),
        alias: alias.to_string(),
        version: version.id.to_string(),
        digest: version.digest.to_string(),
        number: version.number,
        created,
    }))
}

/// A version in the body that is not there is the version that was asked for, not a field that is wrong.
fn of_deploy(error: AliasError) -> Failure {
    match error {
        AliasError::UnknownVersion(_) => Failure::Missing("version"),
        other => other.into(),
    }
}

enum ToDeploy {
    Known(VersionId),
    New(NewVersion),
}

fn to_deploy(request: DeployRequest) -> Result<ToDeploy, Failure> {
    match (request.version, request.modules, request.main_module) {
        (Some(_), None, None) if !request.options.is_default() => {
            Err(invalid("/options", "choice", "belong to `modules`: a version has those that it was made with"))
        }
        (Some(version), None, None) => VersionId::parse(&version)
            .map(ToDeploy::Known)
            .map_err(|error| invalid("/version", "id", &error.to_string())),
        (None, Some(modules), Some(main)) => {
            let code: Code = code(modules, main, request.options)?;
            let message = checked_message(request.message.unwrap_or_default())?;
            Ok(ToDeploy::New(NewVersion { code, message }))
        }
        (None, Some(_), None) => Err(invalid("/main_module", "missing", "must name the entry module")),
        _ => Err(invalid("", "choice", "give either `version`, or `modules` with `main_module`")),
    }
}

fn checked_message(message: String) -> Result<String, Failure> {
    if message.chars().count() <= MAX_MESSAGE_CHARS {
        return Ok(message);
    }
    Err(invalid("/message", "length", &format!("must have at most {MAX_MESSAGE_CHARS} characters")))
}
