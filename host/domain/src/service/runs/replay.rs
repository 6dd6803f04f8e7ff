//! A run that is on record, once more. How a run goes is one level up.

use std::collections::BTreeMap;

use super::{RunCode, RunError, RunRequest, RunSpec, Runs, StartedRun};
use crate::access::TenantScope;
use crate::ids::{RequestId, RunId};
use crate::limits::Limits;
use crate::prompt::Prompt;
use crate::service::preparation::PrepareError;

impl Runs {
    /// The same code and request once more. Values of variables are never kept: of the function that it was a version of it has those of
    /// now, and it runs without those of the call. `reads_env`: whether the caller may see a function's variables.
    pub async fn replay(
        &self,
        tenant: &TenantScope,
        id: RequestId,
        run: &RunId,
        reads_env: bool,
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
        let code = match result.function {
            Some(function) => {
                let (version, env_names) = (result.version, result.env_names.clone());
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
            egress: None,
            limits: Limits::MAX,
            entrypoint: None,
            fresh: false,
            record: true,
        };
        let mut started = self.start(tenant, id, spec).await?;
        let has = |name: &String| started.execution.env.keys().any(|held| held.as_str() == name);
        let missing: Vec<String> = result.env_names.into_iter().filter(|name| !has(name)).collect();
        if !missing.is_empty() {
            let names = missing.join(", ");
            started.warnings.push(format!("variables are not kept with a run; it ran again without {names}"));
        }
        Ok(started)
    }
}
