// DEVELOPMENT ONLY. The steps of a walk: each with a name and a time that it may take; the first that fails ends the walk with pictures.
// `--only PATTERN` takes the steps whose name matches.
import { OUT, option } from './actions.mjs'

const only = option('--only')

/** A machine that has much else to do may be that many times slower. The limit is for steps that hang, not for slow ones. */
const PATIENCE = 3

export function steps() {
  const all = []
  /** Seconds are several times what a step takes on two busy cores. `always` for what later steps stand on. */
  const step = (name, seconds, act, { always = false } = {}) => {
    if (only === undefined || always || new RegExp(only).test(name)) all.push({ name, seconds, act })
  }

  /** The name of the step that failed, or `null`. */
  async function walk(browser) {
    for (const each of all) {
      const started = performance.now()
      const fault = await faultOf(each)
      const took = `${((performance.now() - started) / 1000).toFixed(1)} s`
      if (fault === null) {
        console.log(`ok    ${each.name} (${took})`)
        continue
      }
      console.log(`FAIL  ${each.name} (${took})\n${fault.stack}`)
      const pages = browser.contexts().flatMap((context) => context.pages())
      await Promise.all(pages.map((page, index) => page.screenshot({ path: `${OUT}/failed-${index + 1}.png`, timeout: 5000 }).catch(() => undefined)))
      return each.name
    }
    return null
  }
  return { step, walk }
}

/** What went wrong, or `null`. A step that is stuck is left behind: nothing comes after it. */
async function faultOf({ seconds, act }) {
  let timer
  const late = new Promise((_, reject) => (timer = setTimeout(reject, PATIENCE * seconds * 1000, new Error(`not done after ${PATIENCE * seconds} s`))))
  try {
    await Promise.race([act(), late])
    return null
  } catch (error) {
    return error
  } finally {
    clearTimeout(timer)
  }
}
