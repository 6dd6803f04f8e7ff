//! Answers of runs as pages to look at: whoever has the address of one sees it, for a while. The address holds all there is to know,
//! sealed with the host's key: nothing is stored for it, each host of a fleet opens it, and a run that is forgotten takes its pages
//! with it. What such a page may do in a browser is decided where it is sent.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::authority::Authority;
use crate::access::TenantScope;
use crate::ids::{RunId, TenantId};
use crate::repository::{Repository, RepositoryError};
use crate::run::RecordedResponse;
use crate::secret::Sealed;
use crate::tenant::TenantStatus;

/// How long an address is good: for looking at what was just run.
pub const SHOWN_FOR: Duration = Duration::from_secs(10 * 60);

#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// Also of a page whose time is over, and of a text that never was an address.
    #[error("there is no such run")]
    Unknown,
    #[error("the run left no answer to look at")]
    NoAnswer,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// An address that was given out.
pub struct Preview {
    /// What names it, to nobody but the host.
    pub name: Vec<u8>,
    pub ends_at: Timestamp,
}

/// What is there.
pub struct Shown {
    pub response: RecordedResponse,
    /// The page that may show it within itself, as it was named when the address was given out.
    pub within: Option<String>,
}

pub struct Previews {
    repository: Arc<dyn Repository>,
    authority: Arc<Authority>,
}

impl Previews {
    pub(super) fn new(repository: Arc<dyn Repository>, authority: Arc<Authority>) -> Self {
        Self { repository, authority }
    }

    /// An address of a run's answer. `within` is who may show it within a page of theirs, and nobody else.
    pub async fn issue(
        &self,
        tenant: &TenantScope,
        run: &RunId,
        within: Option<&str>,
    ) -> Result<Preview, PreviewError> {
        let found = self.repository.run(tenant, run).await?.ok_or(PreviewError::Unknown)?;
        found.result.and_then(|result| result.response).ok_or(PreviewError::NoAnswer)?;
        let ends_at = Timestamp::now() + SHOWN_FOR;
        let name = Name { ends_at_ms: ends_at.as_millisecond(), tenant: tenant.id(), run: *run, within };
        Ok(Preview { name: self.authority.seal_preview(&name.written()).as_bytes().to_vec(), ends_at })
    }

    /// The answer that was given this name.
    pub async fn open(&self, name: Vec<u8>) -> Result<Shown, PreviewError> {
        self.open_at(name, Timestamp::now()).await
    }

    async fn open_at(&self, name: Vec<u8>, now: Timestamp) -> Result<Shown, PreviewError> {
        let opened = self.authority.open_preview(&Sealed::from_bytes(name)).map_err(|_| PreviewError::Unknown)?;
        let name = Name::read(&opened).filter(|name| name.ends_at_ms > now.as_millisecond());
        let name = name.ok_or(PreviewError::Unknown)?;
        let tenant = self.repository.tenant_by_id(&name.tenant).await?;
        let tenant = tenant.filter(|tenant| tenant.status == TenantStatus::Active).ok_or(PreviewError::Unknown)?;
        let run = self.repository.run(&TenantScope::of_route(&tenant), &name.run).await?;
        let response = run.and_then(|run| run.result).and_then(|result| result.response);
        let response = response.ok_or(PreviewError::Unknown)?;
        Ok(Shown { response, within: name.within.map(str::to_owned) })
    }
}

struct Name<'a> {
    ends_at_ms: i64,
    tenant: TenantId,
    run: RunId,
    within: Option<&'a str>,
}

impl<'a> Name<'a> {
    fn written(&self) -> Vec<u8> {
        let within = self.within.unwrap_or_default().as_bytes();
        [&self.ends_at_ms.to_be_bytes(), &self.tenant.as_bytes()[..], &self.run.as_bytes()[..], within].concat()
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (ends_at, rest) = bytes.split_first_chunk()?;
        let (tenant, rest) = rest.split_first_chunk()?;
        let (run, within) = rest.split_first_chunk()?;
        let within = std::str::from_utf8(within).ok()?;
        Some(Self {
            ends_at_ms: i64::from_be_bytes(*ends_at),
            tenant: TenantId::from_bytes(*tenant),
            run: RunId::from_bytes(*run),
            within: (!within.is_empty()).then_some(within),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::{Timing, Usage};
    use crate::fakes::MemoryStore;
    use crate::ids::{Digest, TenantSlug, VersionId};
    use crate::outcome::Outcome;
    use crate::repository::{RunRepository as _, TenantRepository as _};
    use crate::run::{RecordedRequest, Run, RunResult};
    use crate::secret::MasterKey;
    use crate::tenant::Tenant;

    fn run_that_said(body: &[u8]) -> Run {
        let code = Digest::of(b"x");
        let request = RecordedRequest {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            body_truncated: false,
        };
        let response = RecordedResponse { status: 200, headers: Vec::new(), body: body.to_vec(), truncated: false };
        let result = RunResult {
            outcome: Outcome::Ok,
            version: VersionId::of(&code),
            code,
            function: None,
            request,
            call: None,
            env_names: Vec::new(),
            response: Some(response),
            error: None,
            logs: Vec::new(),
            logs_truncated: false,
            subrequests: Vec::new(),
            cached: false,
            cold: true,
            build: Duration::ZERO,
            compile: Duration::ZERO,
            front_end: Duration::ZERO,
            startup_cpu: Duration::ZERO,
            timing: Timing::default(),
            usage: Usage::default(),
            warnings: Vec::new(),
        };
        let (id, created_at) = (RunId::generate(), Timestamp::now());
        Run { id, created_at, starred: false, prompt: None, result: Some(result) }
    }

    #[tokio::test]
    async fn a_name_ends_and_cannot_be_made_up() {
        let store = Arc::new(MemoryStore::new());
        let tenant = Tenant::new(TenantSlug::parse("acme").expect("valid"), Timestamp::now());
        store.create_tenant(&tenant).await.expect("created");
        let scope = TenantScope::of_route(&tenant);
        let host = |key| Previews::new(store.clone(), Arc::new(Authority::new(None, MasterKey::new([key; 32]))));
        let (one, same, foreign) = (host(1), host(1), host(2));
        // Saved and never run: there is nothing to look at.
        let (id, created_at) = (RunId::generate(), Timestamp::now());
        let saved = Run { id, created_at, starred: false, prompt: Some("x".to_owned()), result: None };
        store.record_run(&scope, &saved, 20).await.expect("kept");
        assert!(matches!(one.issue(&scope, &saved.id, None).await, Err(PreviewError::NoAnswer)));
        assert!(matches!(one.issue(&scope, &RunId::generate(), None).await, Err(PreviewError::Unknown)));

        let run = run_that_said(b"<b>hi</b>");
        store.record_run(&scope, &run, 20).await.expect("kept");
        let preview = one.issue(&scope, &run.id, Some("http://127.0.0.1:8787")).await.expect("an answer");
        let shown = same.open(preview.name.clone()).await.expect("good on each host with the key");
        assert_eq!(
            (&shown.response.body[..], shown.within.as_deref()),
            (&b"<b>hi</b>"[..], Some("http://127.0.0.1:8787"))
        );
        let refused = |opened: Result<Shown, PreviewError>| matches!(opened, Err(PreviewError::Unknown));
        assert!(refused(foreign.open(preview.name.clone()).await));
        assert!(refused(one.open_at(preview.name.clone(), preview.ends_at).await));
        for at in 0..preview.name.len() {
            let mut forged = preview.name.clone();
            forged[at] ^= 1;
            assert!(refused(one.open(forged).await), "byte {at}");
        }
        assert!(refused(one.open(Vec::new()).await));
        store.delete_run(&scope, &run.id).await.expect("gone");
        assert!(refused(one.open(preview.name).await));
    }
}
