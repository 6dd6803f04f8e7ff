//! Clocks. The host decides how fine they are and when they advance.

use javy::quickjs::{Ctx, Function, Object, Result};
use wasip2::clocks::{monotonic_clock, wall_clock};

use crate::engine::{self, Phase};

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("phase", Function::new(ctx.clone(), || engine::phase() as i32)?)?;
    native.set("wallNow", Function::new(ctx.clone(), wall_ms)?)?;
    native.set("monoNow", Function::new(ctx.clone(), mono_ms)?)
}

fn wall_ms() -> f64 {
    if engine::phase() == Phase::Freeze {
        return 0.0;
    }
    let now = wall_clock::now();
    now.seconds as f64 * 1e3 + f64::from(now.nanoseconds / 1_000_000)
}

fn mono_ms() -> f64 {
    if engine::phase() == Phase::Freeze { 0.0 } else { monotonic_clock::now() as f64 / 1e6 }
}
