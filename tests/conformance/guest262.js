// Runs inside the function: one test of the ECMAScript suite, with the host object its harness expects. Part of each packed test; not a
// module of the runner.

async function run262(task, load) {
  // Whatever is used after the test is taken before it: tests take the built-ins apart.
  const [evaluate, toJson, { ownKeys, deleteProperty }] = [eval, JSON.stringify, Reflect]
  const shared = [Object.prototype, Array.prototype]
  const own = shared.map((prototype) => Object.fromEntries(ownKeys(prototype).map((key) => [key, true])))
  for (const names of own) Object.setPrototypeOf(names, null)
  let last = 'the test did not end'
  const done = new Promise((resolve) => {
    globalThis.print = (text) => {
      if (!`${text}`.startsWith('Test262:AsyncTest')) return
      last = `${text}`
      resolve()
    }
    if (task.isAsync) setTimeout(resolve, 5000)
  })
  globalThis.$262 = {
    global: globalThis,
    evalScript: (text) => evaluate(text),
    detachArrayBuffer: (buffer) => void (buffer.detached || structuredClone(null, { transfer: [buffer] })),
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
      if (last !== 'Test262:AsyncTestComplete') error = last
    }
  } catch (thrown) {
    error = `${thrown?.constructor?.name ?? thrown?.name ?? typeof thrown}: ${thrown?.message ?? thrown}`
  }
  // What a test left there would be in the way of the answer.
  for (let at = 0; at < shared.length; at++) {
    const keys = ownKeys(shared[at])
    for (let i = 0; i < keys.length; i++) if (!own[at][keys[i]]) deleteProperty(shared[at], keys[i])
  }
  return new Response(toJson({ error }))
}
