//! A run that is on record, once more. How a run goes is one level up.

use std::collections::BTreeMap;

use super::{RunCode, RunError, RunRequest, RunSpec, Runs, StartedRun};
use crate::access::TenantScope;
use crate::ids::{RequestId, RunId};
use crate::prompt::Prompt;
use crate::run::CallOptions;
use crate::service::preparation::PrepareError;
use crate::trace::TraceId;

/// What whoever asks for a replay may do beside running code.
#[derive(Clone, Copy, Debug)]
pub struct ReplayRights {
    /// See a function's variables.
    pub reads_env: bool,
    /// Set rules for outgoing requests.
    pub sets_egress: bool,
}

const NOT_KEPT: &str = "what narrowed the run was not kept with it; it ran again without outgoing requests";
const NOT_THE_CALLERS: &str =
    "the run had egress rules of its own, which take the scope `egress:write`; it ran again without outgoing requests";

impl Runs {
    /// The same code and request once more, narrowed as it was. Values of variables are never kept: of the function that it was a version of
    /// it has those of now, and it runs without those of the call.
    pub async fn replay(
        &self,
        tenant: &TenantScope,
        (id, trace): (RequestId, Option<TraceId>),
        run: &RunId,
        rights: ReplayRights,
    ) -> Result<StartedRun, RunError> {
        let run = self.preparation.repository.run(tenant, run).await?.ok_or(RunError::UnknownRun)?;
        let result = run.result.ok_or(RunError::NotReplayable)?;
        if result.request.body_truncated {
            return Err(RunError::NotReplayable);
        }
        let code = match self.preparation.load(&result.code).await {
            Err(PrepareError::MissingCode(_)) => return Err(RunError::NotReplayable),
            other => other?,
        };
        let (call, warning) = narrowed(result.call, rights);
        let code = match result.function {
            Some(function) => {
                let (version, env_names, reads_env) = (result.version, result.env_names.clone(), rights.reads_env);
                RunCode::Recorded { function, version, code, env_names, reads_env }
            }
            None => RunCode::Modules(code),
        };
        let spec = RunSpec {
            code,
            // It was a prompt once; whether today's rules would take it is beside the point.
            prompt: run.prompt.and_then(|prompt| Prompt::parse(prompt).ok()),
            request: Some(RunRequest::of(result.request)),
            env: BTreeMap::new(),
            call,
            fresh: false,
            record: true,
        };
        // The trace that the recorded request names is one of then.
        let mut started = self.start_in(tenant, id, |_| trace, spec).await?;
        started.warnings.extend(warning.map(str::to_owned));
        let has = |name: &String| started.execution.env.keys().any(|held| held.as_str() == name);
        let missing: Vec<String> = result.env_names.into_iter().filter(|name| !has(name)).collect();
        if !missing.is_empty() {
            let names = missing.join(", ");
            started.warnings.push(format!("variables are not kept with a run; it ran again without {names}"));
        }
        Ok(started)
    }
}

/// What a replay is held to, and what to say where that is less than the run had. Rules of a call can open what nobody else has, so a replay
/// of them takes what setting them did.
fn narrowed(kept: Option<CallOptions>, rights: ReplayRights) -> (CallOptions, Option<&'static str>) {
    match kept {
        None => (CallOptions::none().without_egress(), Some(NOT_KEPT)),
        Some(call) if call.allows_egress() && !rights.sets_egress => (call.without_egress(), Some(NOT_THE_CALLERS)),
        Some(call) => (call, None),
    }
}
