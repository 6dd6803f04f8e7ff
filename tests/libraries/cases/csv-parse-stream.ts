// The same library the way Node uses it, through `node:stream` and `node:buffer`, with `node:events` and AsyncLocalStorage around it.
import './global-buffer'
import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter, once } from 'node:events'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parse } from 'csv-parse'
import { failure, report } from './report'

const job = new AsyncLocalStorage<string>()
const lines = Array.from({ length: 300 }, (_, at) => `${at},"name ${at}, ${at % 7}",${at * 1.5}`)

async function read(name: string): Promise<unknown> {
  const parser = parse({ columns: ['id', 'name', 'price'], cast: true, cast_date: false })
  const doubled = new Transform({ objectMode: true, transform: (row, _encoding, done) => done(null, { ...row, price: row.price * 2, job: job.getStore() }) })
  const rows: { price: number; job: string }[] = []
  await pipeline(Readable.from(lines.map((line) => Buffer.from(`${line}\n`))), parser, doubled, async (source) => { for await (const row of source) rows.push(row) })
  return { name, count: rows.length, first: rows[0], last: rows.at(-1), sum: rows.reduce((sum, row) => sum + row.price, 0) }
}

export default report(async () => {
  const done = new EventEmitter()
  const told = once(done, 'end')
  const read2 = await Promise.all(['a', 'b'].map((name) => job.run(name, () => read(name))))
  done.emit('end', read2.length)
  return { read2, told: await told, error: await failure(() => pipeline(Readable.from(['a,b\n1\n']), parse({ columns: true }), async (rows) => { for await (const row of rows) void row })) }
})
