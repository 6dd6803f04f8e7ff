// What the client's types allow and refuse: checked by `tsc` and never run. An `@ts-expect-error` that finds no error is one.
import { createClient, every, type ResultOf } from 'isolet-client'
import { createLoader } from 'isolet-client/loader'

const isolet = createClient({ url: 'http://127.0.0.1:8787', key: 'k' })
const tenant = isolet.tenant('acme')

export async function allowed(signal: AbortSignal): Promise<void> {
  const made: string = (await isolet.tenants.create({ slug: 'acme' }, { idempotencyKey: 'one', signal })).slug
  const name: string = (await tenant.functions.put(made, { labels: { a: 'b' } }, { ifNoneMatch: '*' })).name
  const number: number = (await tenant.versions.add(name, { modules: { 'main.js': '' }, main_module: 'main.js' })).number
  await tenant.functions.deploy(name, { version: 'v_1' })
  const nothing: undefined = await tenant.functions.delete(name, { ifMatch: '"x"' })
  await isolet.tenants.delete('acme', { confirm: 'acme' })
  for await (const version of every((page) => tenant.versions.list(name, page))) version.digest.toUpperCase()
  for await (const event of tenant.stream({ code: { function: name }, record: false })) {
    if (event.event === 'done') event.data.timing.total_ms.toFixed()
  }
  const answer: Response = await tenant.invoke(name, '/x', { method: 'POST', body: 'b', version: 'v_1' })
  const found: ResultOf<'get_function'> = await tenant.functions.get(name)
  createLoader({ url: 'http://h', key: 'k' }).get('a', async () => ({ compatibilityDate: '2026-01-01', mainModule: 'm.js', modules: { 'm.js': '' }, env: { A: 1 }, globalOutbound: null }))
  void [number, nothing, answer, found]
}

export async function refused(): Promise<void> {
  // @ts-expect-error the tenant is bound: a function takes one name
  await tenant.functions.get('acme', 'hello')
  // @ts-expect-error a name is missing
  await tenant.functions.get()
  // @ts-expect-error unknown fields are refused by the API
  await tenant.functions.put('hello', { label: {} })
  // @ts-expect-error a body is needed
  await isolet.tenants.create()
  // @ts-expect-error no such field of the query
  await tenant.runs.list({ limits: 5 })
  // @ts-expect-error what a run is of has to be said
  await tenant.runs.create({ record: false })
  // @ts-expect-error a service cannot be what requests go out through
  createLoader({ url: 'http://h', key: 'k' }).load({ mainModule: 'm.js', modules: {}, globalOutbound: { fetch } })
}
