// Entry of the bundle: installs the web globals and hands the Rust half its hooks. Evaluated once, before the engine's
// memory is frozen.

import { describeRejection } from "./global-scope.ts";
import { installGlobals } from "./globals.ts";
import { handle } from "./handler.ts";
import { internals } from "./internals.ts";
import { checkModule } from "./module-check.ts";
import { native } from "./native.ts";
import { timersNext, timersRun } from "./timers.ts";
import { withoutSets } from "./unicode-sets.ts";
import { warm } from "./warm-up.ts";
// Last, so that what every request uses lies together, before all of it.
import "./intl.ts";

installGlobals();

native.hooks = { handle, check: checkModule, timersNext, timersRun, rejection: describeRejection, withoutSets, internals, warm };
