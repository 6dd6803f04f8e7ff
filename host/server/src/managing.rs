//! The threads of the control plane: its own, because what manages stands back behind what serves. However much a tenant asks of the API, the
//! ingress' threads get the core. Builds have theirs in the runtime.

use std::time::Duration;

use anyhow::{Context as _, Result};
pub use isolet_runtime::priority::give_way;
use isolet_runtime::priority::step_back;
use tokio::runtime::{Builder, Handle, Runtime};

/// A thread of the ingress gets nine times what one of these gets beside it, so that both go on under any load.
const NICER_BY: i32 = 10;
const SLICE: Duration = Duration::from_millis(20);

/// Has the calling thread stand back like these.
pub fn stand_back() {
    step_back(NICER_BY, Some(SLICE));
}

/// The threads, until it is dropped.
pub struct Managing(Option<Runtime>);

impl Managing {
    pub fn start() -> Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.thread_name("control plane").enable_all().on_thread_start(stand_back).on_thread_unpark(give_way);
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
