//! What is wrong with code, for an editor that asks while somebody types.

use axum::extract::State;

use crate::answer::{Answer, Rated};
use crate::caller::{Own, needs};
use crate::failure::Failure;
use crate::rate_limit::Rate;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::check::{CheckRequest, CheckResponse};
use crate::wire::code::code;

pub async fn check_code(
    State(app): State<AppState>,
    caller: Own<needs::Run>,
    Json(request, _room): Json<CheckRequest>,
) -> Result<Rated<Answer<CheckResponse>>, Failure> {
    let code = code(request.modules, request.main_module, request.options)?;
    let diagnostics = app.platform().checks.check(&caller.scope, &code).await?;
    let standing = app.platform().checks.standing(&caller.scope);
    Ok(Rated { answer: Answer(CheckResponse::from(diagnostics)), rate: Rate::Check, standing })
}
