// Runs inside the function: one test of the ECMAScript suite, with the host object its harness expects. Part of each packed test; not a
// module of the runner.

async function run262(task, load) {
  const [evaluate, toJson] = [eval, JSON.stringify]
  const printed = []
  const done = new Promise((resolve) => {
    globalThis.print = (text) => {
      printed.push(String(text))
      if (String(text).startsWith('Test262:AsyncTest')) resolve()
    }
    if (task.isAsync) setTimeout(resolve, 5000)
  })
  const shared = [Object.prototype, Array.prototype].map((prototype) => [prototype, Reflect.ownKeys(prototype)])
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
    evaluate(task.prelude)
    if (task.isModule) await load(task.name)
    else evaluate(task.isStrict ? `"use strict";\n${task.text}` : task.text)
    if (task.isAsync) {
      await done
      const last = printed.find((text) => text.startsWith('Test262:AsyncTest'))
      if (last !== 'Test262:AsyncTestComplete') error = last ?? 'the test did not end'
    }
  } catch (thrown) {
    error = `${thrown?.constructor?.name ?? thrown?.name ?? typeof thrown}: ${thrown?.message ?? thrown}`
  }
  // What a test left there would be in the way of the answer.
  for (const [prototype, keys] of shared) for (const key of Reflect.ownKeys(prototype)) if (!keys.includes(key)) Reflect.deleteProperty(prototype, key)
  return new Response(toJson({ error }))
}
