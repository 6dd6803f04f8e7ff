//! Recorded runs, and prompts as a view of them.

use axum::extract::State;
use isolet_domain::ids::RunId;
use isolet_domain::repository::Page;
use isolet_domain::run::Run;

use crate::answer::{Answer, Created, NoContent};
use crate::caller::{In, Of, needs};
use crate::cursor::{ListQuery, encode};
use crate::failure::Failure;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::List;
use crate::wire::history::{EntryResponse, RecordedRunResponse, SavePromptRequest, StarRequest};
use crate::wire::runs::prompt;

pub async fn list_runs(
    State(app): State<AppState>,
    found: In<needs::RunsRead>,
    query: ListQuery,
) -> Result<Answer<List<EntryResponse>>, Failure> {
    let before = query.after("runs", |text| RunId::parse(text).ok())?;
    let page = app.platform().history.list_runs(&found.scope, before, query.limit).await?;
    Ok(entries("runs", page))
}

pub async fn list_prompts(
    State(app): State<AppState>,
    found: In<needs::RunsRead>,
    query: ListQuery,
) -> Result<Answer<List<EntryResponse>>, Failure> {
    let before = query.after("prompts", |text| RunId::parse(text).ok())?;
    let page = app.platform().history.list_prompts(&found.scope, before, query.limit).await?;
    Ok(entries("prompts", page))
}

fn entries(list: &str, page: Page<Run>) -> Answer<List<EntryResponse>> {
    let last = page.items.last().filter(|_| page.more);
    let next_cursor = last.map(|run| encode(list, &run.id.to_string()));
    Answer(List { data: page.items.into_iter().map(EntryResponse::from).collect(), next_cursor })
}

pub async fn get_run(
    State(app): State<AppState>,
    found: In<needs::RunsRead>,
    Of(run): Of<RunId>,
) -> Result<Answer<RecordedRunResponse>, Failure> {
    let (run, code) = app.platform().history.get(&found.scope, &run).await?;
    Ok(Answer(RecordedRunResponse::new(run, code)))
}

pub async fn delete_run(
    State(app): State<AppState>,
    found: In<needs::RunsWrite>,
    Of(run): Of<RunId>,
) -> Result<NoContent, Failure> {
    app.platform().history.delete(&found.scope, &run).await?;
    Ok(NoContent)
}

/// A prompt is a run that has one.
pub async fn delete_prompt(
    app: State<AppState>,
    found: In<needs::RunsWrite>,
    run: Of<RunId>,
) -> Result<NoContent, Failure> {
    delete_run(app, found, run).await
}

pub async fn clear_runs(State(app): State<AppState>, found: In<needs::RunsWrite>) -> Result<NoContent, Failure> {
    app.platform().history.clear(&found.scope).await?;
    Ok(NoContent)
}

pub async fn save_prompt(
    State(app): State<AppState>,
    found: In<needs::RunsWrite>,
    Json(request, _room): Json<SavePromptRequest>,
) -> Result<Created<EntryResponse>, Failure> {
    let mut faults = Vec::new();
    let prompt = prompt(request.prompt, "/prompt", &mut faults).ok_or(Failure::Invalid(faults))?;
    let run = app.platform().history.save_prompt(&found.scope, prompt).await?;
    Ok(Created(EntryResponse::from(run)))
}

pub async fn clear_prompts(State(app): State<AppState>, found: In<needs::RunsWrite>) -> Result<NoContent, Failure> {
    app.platform().history.clear_prompts(&found.scope).await?;
    Ok(NoContent)
}

pub async fn star_prompt(
    State(app): State<AppState>,
    found: In<needs::RunsWrite>,
    Of(run): Of<RunId>,
    Json(request, _room): Json<StarRequest>,
) -> Result<Answer<EntryResponse>, Failure> {
    let run = app.platform().history.star(&found.scope, &run, request.starred).await?;
    Ok(Answer(EntryResponse::from(run)))
}
