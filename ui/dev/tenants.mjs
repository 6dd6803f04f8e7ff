// DEVELOPMENT ONLY. Tenants and keys against a real host: made, found among ten thousand, suspended, deleted; a key's whole life.
import assert from 'node:assert/strict'
import { changed, checkAccessibility, shot } from './actions.mjs'
import { apiOf } from './api.mjs'

/** No task may hold the page longer while ten thousand rows scroll by. */
const LONGEST_TASK_MS = 100

/** Ten thousand tenants in pages of 500, as the host would answer. */
async function manyTenants(page) {
  await page.route(/\/v1\/tenants\?/, (route) => {
    const start = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0)
    const data = Array.from({ length: 500 }, (_, at) => {
      const number = start + at
      return { id: `ten_${number}`, slug: `tenant-${String(number).padStart(5, '0')}`, labels: { tier: number % 7 === 0 ? 'gold' : 'free' }, plan: 'default', status: number % 100 === 3 ? 'suspended' : 'active', created_at: '2026-01-01T00:00:00Z' }
    })
    return route.fulfill({ json: { data, next_cursor: start + 500 < 10_000 ? String(start + 500) : null } })
  })
}

/** The best of three: other work on the machine lengthens tasks, nothing shortens them. */
async function longestTask(page) {
  await page.evaluate(() => {
    globalThis.tasks = []
    new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask' })
  })
  let best = Infinity
  for (let pass = 0; pass < 3 && best > LONGEST_TASK_MS; pass += 1) {
    await page.getByRole('group', { name: 'Tenants' }).evaluate((list) => (list.scrollTop = 0))
    await page.getByText('tenant-00000').last().waitFor()
    await page.evaluate(() => globalThis.tasks.splice(0))
    await page.getByRole('group', { name: 'Tenants' }).hover()
    for (let turn = 0; turn < 80; turn += 1) await page.mouse.wheel(0, 7000)
    await page.getByText('tenant-09999').waitFor()
    best = Math.min(best, await page.evaluate(() => Math.max(0, ...globalThis.tasks)))
  }
  return best
}

export function addTenantSteps({ step, openSignedIn, origin, session }) {
  step('tenants: made, suspended, resumed, deleted', 60, async () => {
    const api = apiOf(origin, session())
    const { page, close } = await openSignedIn({})
    await page.goto(`${origin}/#/overview`)
    await page.getByRole('button', { name: 'New tenant' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name').fill('Globex!')
    await dialog.getByText('Use lower-case letters').waitFor()
    await dialog.getByLabel('Name').fill('globex')
    await shot(page, 'tenant-new')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name: 'globex' }).waitFor()
    await page.getByLabel('Labels', { exact: true }).fill('tier=<i>gold</i>, region=eu')
    await changed(page, 'PATCH', () => page.getByRole('button', { name: 'Save', exact: true }).click())
    await page.locator('button:disabled', { hasText: /^Save$/ }).waitFor()
    assert.deepEqual((await api('GET', '/v1/tenants/globex')).labels, { tier: '<i>gold</i>', region: 'eu' })
    await page.getByLabel('Memory (MiB)').fill('32')
    await page.getByRole('button', { name: 'Save the limits' }).click()
    await page.getByText('counts now: 32 MiB').waitFor()
    await checkAccessibility(page, 'tenant')
    await shot(page, 'tenant')

    await page.getByRole('button', { name: 'Suspend' }).click()
    await dialog.getByLabel('Reason').fill('unpaid <script>')
    await dialog.getByRole('button', { name: 'Suspend' }).click()
    await page.getByText('unpaid <script>').waitFor()
    assert.equal((await api('GET', '/v1/tenants/globex')).status, 'suspended')
    await shot(page, 'tenant-suspended')
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Suspend' }).waitFor()

    await page.getByRole('button', { name: 'Delete globex' }).click()
    assert.ok(await dialog.getByRole('button', { name: 'Delete for good' }).isDisabled())
    await dialog.getByLabel(/^Type/).fill('globex')
    await dialog.getByRole('button', { name: 'Delete for good' }).click()
    await page.waitForFunction(() => location.hash === '#/overview')
    assert.equal(await page.getByRole('link', { name: 'globex' }).count(), 0)
    await close()
  })

  step('tenants: ten thousand scroll and are found', 40, async () => {
    const { page, close } = await openSignedIn({})
    await manyTenants(page)
    await page.goto(`${origin}/#/overview`)
    await page.reload()
    await page.getByText('10,000 of 10,000 tenants').waitFor()
    const longest = await longestTask(page)
    console.log(`      longest task while scrolling 10,000 tenants: ${longest === 0 ? 'under 50' : longest.toFixed(0)} ms`)
    assert.ok(longest <= LONGEST_TASK_MS, `a task of ${longest} ms while scrolling`)
    await page.getByLabel('Find by name, plan or label').fill('04321')
    await page.getByRole('link', { name: 'tenant-04321' }).waitFor()
    await page.getByText('1 of 10,000 tenants').waitFor()
    await page.getByLabel('Find by name, plan or label').fill('tier=gold')
    await page.getByRole('radio', { name: 'Suspended' }).check()
    await page.getByText('14 of 10,000 tenants').waitFor()
    await page.getByLabel('Find by name, plan or label').fill('')
    await page.getByRole('radio', { name: 'All' }).check()
    await checkAccessibility(page, 'tenants')
    await shot(page, 'tenants-10000')
    await page.getByRole('button', { name: /^Tenant: / }).click()
    await page.getByLabel('Find a tenant').fill('09876')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Tenant: tenant-09876. Change' }).waitFor()
    await close()
  })

  step('keys: made, shown once, rotated, revoked', 40, async () => {
    const api = apiOf(origin, session())
    const { page, close } = await openSignedIn({})
    await page.goto(`${origin}/#/keys`)
    await page.getByText('No key yet').waitFor()
    await shot(page, 'keys-empty')
    await page.getByRole('button', { name: 'New key' }).first().click()
    const form = page.getByRole('dialog', { name: 'New key' })
    await form.getByLabel('Name').fill('build <b>server</b>')
    await form.getByLabel('Functions', { exact: true }).fill('shop-*')
    await form.getByLabel('Ends').selectOption('30')
    await shot(page, 'key-new')
    await checkAccessibility(page, 'new key')
    await form.getByRole('button', { name: 'Make the key' }).click()
    const secret = await page.textContent('[data-testid=new-key]')
    assert.match(secret, /^isl_/)
    await shot(page, 'key-once')
    await page.getByRole('button', { name: 'I have it' }).click()
    assert.ok(!(await page.content()).includes(secret))
    const [key] = (await api('GET', '/v1/tenants/demo/keys')).data
    assert.deepEqual([key.name, key.preset, key.functions], ['build <b>server</b>', 'deployer', ['shop-*']])

    await page.getByRole('button', { name: 'Rotate build <b>server</b>' }).click()
    await page.getByRole('dialog', { name: 'Rotate the key' }).getByRole('button', { name: 'Rotate' }).click()
    const next = await page.textContent('[data-testid=new-key]')
    assert.notEqual(next, secret)
    await page.getByRole('button', { name: 'I have it' }).click()
    await page.getByRole('button', { name: /^Revoke/ }).nth(1).waitFor()
    await checkAccessibility(page, 'keys')
    await shot(page, 'keys')
    for (let left = 2; left > 0; left -= 1) {
      await page.getByRole('button', { name: /^Revoke/ }).first().click()
      await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
      await page.waitForFunction((count) => document.querySelectorAll('main tbody tr').length === count, left - 1)
    }
    assert.equal((await api.status('GET', '/v1/whoami', undefined, { authorization: `Bearer ${next}` })).status, 401)
    await close()
  })
}
