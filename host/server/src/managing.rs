//! The threads of the control plane: its own, because what manages stands back behind what serves. However much a tenant asks of the API, the
//! ingress' threads get the core.

use std::time::Duration;

use anyhow::{Context as _, Result};
use isolet_runtime::priority::step_back;
use tokio::runtime::{Builder, Handle, Runtime};

/// A thread of the ingress gets three times what one of these gets beside it, so that both go on under any load.
const NICER_BY: i32 = 5;
const SLICE: Duration = Duration::from_millis(20);

/// The threads, until it is dropped.
pub struct Managing(Option<Runtime>);

impl Managing {
    pub fn start() -> Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.thread_name("control plane").enable_all().on_thread_start(|| step_back(NICER_BY, Some(SLICE)));
        Ok(Self(Some(builder.build().context("cannot start the control plane's threads")?)))
    }

    pub fn handle(&self) -> &Handle {
        self.0.as_ref().expect("only dropping takes it").handle()
    }
}

impl Drop for Managing {
    fn drop(&mut self) {
        // Where a host is dropped nobody may block.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
