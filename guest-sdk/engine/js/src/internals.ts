// What the built-in modules (`../builtins`) find as `isolet:internals`. Nobody else can import it.

import { format } from "./format.ts";
import { inspect } from "./inspect.ts";
import { native } from "./native.ts";

export const internals = { inspect, format, swapAsyncContext: native.swapAsyncContext };
