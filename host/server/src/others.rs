//! What goes on between the hosts of one store, for as long as a host runs. Without it they still see each other's writes, after as long as
//! what is known is believed, and each keeps tenants' rates by itself.

use std::sync::Arc;
use std::time::Duration;

use isolet_domain::service::Platform;

/// How often hosts tell each other of the requests they let in.
const SHARE_EVERY: Duration = Duration::from_millis(100);
/// After the connection over which others are heard was lost. Doubled each time, up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Keeps the tenants' rates together with other hosts; while the store is gone each host keeps them by itself.
pub async fn share_rates(platform: Arc<Platform>) {
    let mut every = tokio::time::interval(SHARE_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if let Err(error) = platform.share_rates().await {
            tracing::debug!(%error, "other hosts were not told of the requests let in");
        }
    }
}

/// Tells the others what was written here.
pub async fn tell(platform: Arc<Platform>) {
    loop {
        if let Err(error) = platform.tell_others().await {
            tracing::debug!(%error, "other hosts were not told of a write; they look for it by themselves");
        }
    }
}

/// Hears what the others wrote.
pub async fn hear(platform: Arc<Platform>) {
    let mut pause = FIRST_PAUSE;
    let mut well = true;
    loop {
        let begun = tokio::time::Instant::now();
        match platform.hear_others().await {
            Ok(true) => {}
            Ok(false) => return,
            // Said once, not every time.
            Err(error) if well => {
                tracing::warn!(%error, "other hosts are not heard; their writes are seen within a second");
                well = false;
            }
            Err(_) => {}
        }
        if begun.elapsed() > LONGEST_PAUSE {
            (pause, well) = (FIRST_PAUSE, true);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
