// DEVELOPMENT ONLY. The fake server's runs: starts a worker per run, turns what it says into the events and the result of
// `POST /v1/tenants/{t}/runs`. Figures are made up where node has none.
import { createHash, randomUUID } from 'node:crypto'
import { Worker } from 'node:worker_threads'

const seen = new Set()

const frameOf = (source, line, column) => {
  const lines = source.split('\n')
  const shown = [line - 1, line, line + 1].filter((number) => number >= 1 && number <= lines.length)
  return shown
    .flatMap((number) => {
      const text = `${number === line ? '>' : ' '} ${String(number).padStart(3)} | ${lines[number - 1]}`
      return number === line ? [text, `      | ${' '.repeat(Math.max(0, column - 1))}^`] : [text]
    })
    .join('\n')
}

export function runGuest({ body, request, response, limits, problem, record }) {
  const { modules, main_module: mainModule } = body.code
  const version = `v_${createHash('sha256').update(JSON.stringify(modules)).digest('hex').slice(0, 26)}`
  const cached = seen.has(version)
  let started = performance.now()
  const stream = request.headers.accept === 'text/event-stream'
  const timing = {
    build_ms: cached ? 0 : 1.62, compile_ms: cached ? 0 : 0.91, instantiate_ms: 0.18, run_ms: 0, ttfb_ms: null, total_ms: 0,
  }
  const logs = []
  const subrequests = []
  let head = null
  let opened = false
  const chunks = []

  const send = (event, data) => {
    if (!stream) return
    if (!opened) {
      opened = true
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      for (const phase of ['compile', 'build', 'instantiate']) send('phase', { phase, ms: timing[`${phase}_ms`] })
    }
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  return new Promise((resolve) => {
    const target = body.request ?? { method: 'GET', path: `/run?q=${encodeURIComponent(body.prompt)}`, headers: [] }
    const worker = new Worker(new URL('./fake-guest.mjs', import.meta.url), {
      workerData: { modules, mainModule, env: body.env ?? {}, target },
      execArgv: ['--experimental-vm-modules', '--no-warnings'],
    })
    let busySince = null
    let entered = false
    const watch = setInterval(() => {
      if (!entered || busySince !== null) return
      busySince = performance.now()
      worker.postMessage('ping')
    }, 10)
    const limitTimer = setInterval(() => {
      if (busySince !== null && performance.now() - busySince > Math.max(limits.cpu_ms, 40)) finish('cpu_limit')
      else if (performance.now() - started > limits.wall_ms) finish('wall_limit')
    }, 10)

    let over = false
    const finish = (outcome, error = null) => {
      if (over) return
      over = true
      clearInterval(limitTimer)
      clearInterval(watch)
      void worker.terminate()
      seen.add(version)
      timing.total_ms = Math.round((performance.now() - started) * 100) / 100
      timing.run_ms = Math.max(0.1, Math.round((timing.total_ms - timing.build_ms - timing.compile_ms - timing.instantiate_ms) * 100) / 100)
      const bytes = Buffer.concat(chunks)
      const text = bytes.toString('utf8')
      const bodyValue = Buffer.from(text, 'utf8').equals(bytes) ? { text } : { base64: bytes.toString('base64') }
      const result = {
        id: `run_${randomUUID()}`, outcome, version, cached, cold: !cached,
        response: head && { ...head, body: bodyValue, truncated: false }, error, logs, logs_truncated: false, subrequests, timing,
        usage: {
          cpu_ms: outcome === 'cpu_limit' ? limits.cpu_ms + 0.4 : Math.round(timing.run_ms * 3) / 10, startup_cpu_ms: 0.3,
          memory_peak_bytes: 2_359_296, egress_bytes: 0,
        },
        warnings: [],
      }
      if (body.record !== false) {
        record({ ...result, prompt: body.prompt ?? null, request: body.request ?? null, env: body.env ?? null, code: { modules, main_module: mainModule }, created_at: new Date().toISOString(), starred: false })
      }
      if (stream) {
        const { body: _, ...rest } = result.response ?? {}
        send('phase', { phase: 'run', ms: timing.run_ms })
        send('done', { ...result, response: result.response && rest })
        response.end()
      } else {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result))
      }
      resolve()
    }

    const refuse = (fault) => {
      if (over) return
      over = true
      clearInterval(limitTimer)
      clearInterval(watch)
      void worker.terminate()
      const source = modules[fault.file]
      const place = source === undefined ? {} : { file: fault.file, line: fault.line, column: fault.column, frame: frameOf(source, fault.line, fault.column) }
      problem(response, 422, fault.code, 'The code does not compile.', { errors: [{ code: fault.code, detail: fault.message, ...place }] })
      resolve()
    }

    response.on('close', () => finish('client_disconnected'))
    worker.on('error', (error) => finish('exception', { message: String(error), stack: error?.stack ?? null, file: null, line: null, column: null }))
    const handlers = {
      pong: () => (busySince = null),
      started: () => {
        entered = true
        // A worker takes its time to come up; what the real engine needs is nearer to nothing.
        started = performance.now()
      },
      refused: refuse,
      log: (line) => {
        const entry = { t_ms: Math.round(performance.now() - started), ...line }
        logs.push(entry)
        send('log', entry)
      },
      subrequest: (entry) => {
        subrequests.push(entry)
        send('subrequest', entry)
      },
      head: (value) => {
        head = value
        timing.ttfb_ms = Math.round((performance.now() - started) * 100) / 100
        send('head', value)
      },
      body: ({ base64 }) => {
        chunks.push(Buffer.from(base64, 'base64'))
        send('body', { base64 })
      },
      done: () => finish('ok'),
      failed: ({ error }) => finish('exception', error),
    }
    worker.on('message', ({ kind, ...data }) => handlers[kind](data))
  })
}
