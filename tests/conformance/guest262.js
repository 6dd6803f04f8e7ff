// Runs inside the function: one test of the ECMAScript suite, with the host object its harness expects. Part of each packed test; not a
// module of the runner.

async function run262(task, load) {
  const evaluate = eval
  const printed = []
  const done = new Promise((resolve) => {
    globalThis.print = (text) => {
      printed.push(String(text))
      if (String(text).startsWith('Test262:AsyncTest')) resolve()
    }
  })
  globalThis.$262 = {
    global: globalThis,
    evalScript: (text) => evaluate(text),
    detachArrayBuffer: (buffer) => void structuredClone(null, { transfer: [buffer] }),
    gc() {},
    agent: {},
  }
  let error = null
  addEventListener('unhandledrejection', (event) => event.preventDefault())
  try {
    // The harness along with the test: what it declares by `const` does not outlive an evaluation.
    if (task.isModule) {
      evaluate(task.prelude)
      await load(task.name)
    } else evaluate(`${task.isStrict ? '"use strict";' : ''}${task.prelude}\n${task.text}`)
    if (task.isAsync) {
      const gaveUp = new Promise((resolve) => setTimeout(resolve, 5000))
      await Promise.race([done, gaveUp])
      const last = printed.find((text) => text.startsWith('Test262:AsyncTest'))
      if (last !== 'Test262:AsyncTestComplete') error = last ?? 'the test did not end'
    }
  } catch (thrown) {
    error = `${thrown?.constructor?.name ?? thrown?.name ?? typeof thrown}: ${thrown?.message ?? thrown}`
  }
  return new Response(JSON.stringify({ error }))
}
