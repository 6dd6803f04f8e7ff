// DEVELOPMENT ONLY. The audit page: on what a real host wrote down of real changes, then with made-up entries for a chain that is broken.
import assert from 'node:assert/strict'
import { checkAccessibility, shot, visit } from './actions.mjs'
import { apiOf } from './api.mjs'

const entry = (number, more = {}) => ({
  id: `aud_${number}`, at: new Date(Date.UTC(2026, 10, 26, 20, number)).toISOString(), actor: `key_01a219936a7073cea820${number}`, operation: 'deploy_version', tenant: 'demo', tenant_id: 'ten_1',
  target: '/v1/tenants/demo/functions/hello/deploy', subject: null, status: 200, request_id: `req_${number}`, host: 'host-1', number, seen: null,
  before: `b3:${number - 1}`, digest: `b3:${number}`, ...more,
})

const ENTRIES = [entry(3, { actor: null, operation: 'create_tenant', target: '/v1/tenants', subject: '<img src=x onerror=alert(1)>', status: 201, tenant: null }), entry(2, { status: 403 }), entry(1)]

function addRealEntries({ step, openSignedIn, origin, session }) {
  step('audit: what was really changed, by whom, and the chain whole', 30, async () => {
    const api = apiOf(origin, session())
    await api('PUT', '/v1/tenants/demo/functions/audited', {})
    const key = await api('POST', '/v1/tenants/demo/keys', { preset: 'deployer', name: 'who deploys' })
    const deploy = { modules: { 'main.js': 'export default () => new Response("x")' }, main_module: 'main.js' }
    const path = '/v1/tenants/demo/functions/audited/deploy'
    const deployed = await api.status('POST', path, deploy, { authorization: `Bearer ${key.key}` })
    assert.equal(deployed.status, 200)
    await api('DELETE', '/v1/tenants/demo/functions/audited')

    const { page, close } = await openSignedIn({})
    await visit(page, 'audit')
    const row = page.locator('main tbody tr', { hasText: path })
    await row.getByText('deploy_version').first().waitFor()
    await row.first().locator('a').click()
    await page.waitForURL((url) => url.hash.includes(`actor=${key.id}`))
    await page.waitForFunction(() => document.querySelectorAll('main tbody tr').length === 1)
    assert.match(await page.locator('main tbody tr').textContent(), /deploy_version.*demo.*200/)
    await page.getByRole('textbox', { name: 'Key' }).fill('')
    await page.getByLabel('Operation').fill('delete_function')
    await page.locator('main tbody tr', { hasText: 'functions/audited' }).first().waitFor()
    await page.getByRole('button', { name: 'Verify the chain' }).click()
    await page.getByText('Whole').waitFor()
    await checkAccessibility(page, 'a whole chain')
    await shot(page, 'audit-real')
    await page.keyboard.press('Escape')
    await api('DELETE', `/v1/tenants/demo/keys/${key.id}`)
    await close()
  })
}

export function addAuditSteps(walk) {
  addRealEntries(walk)
  addMadeUpEntries(walk)
}

function addMadeUpEntries({ step, openSignedIn, origin }) {
  step('audit: entries, filters, pages, the chain verified', 30, async () => {
    const { page, close } = await openSignedIn({})
    let verdict = { ok: true, entries: 3, heads: [{ host: 'host-1', number: 3, digest: 'b3:3' }], broken: null }
    await page.route(/\/v1\/audit(\/verify|\?)/, (route) => {
      const { pathname, searchParams } = new URL(route.request().url())
      if (pathname.endsWith('verify')) return route.fulfill({ json: verdict })
      const operation = searchParams.get('operation')
      if (searchParams.get('cursor')) return route.fulfill({ json: { data: [entry(0, { target: '/v1/tenants/demo/the-oldest' })], next_cursor: null } })
      return route.fulfill({ json: { data: ENTRIES.filter((each) => operation === null || each.operation === operation), next_cursor: 'more' } })
    })
    await page.goto(`${origin}/#/audit`)
    await page.getByText('<img src=x onerror=alert(1)>').waitFor()
    await page.getByRole('button', { name: 'Older entries' }).click()
    await page.getByText('the-oldest').waitFor()
    await checkAccessibility(page, 'audit')
    await shot(page, 'audit')
    await page.getByRole('button', { name: 'Verify the chain' }).click()
    await page.getByText('Whole').waitFor()
    await shot(page, 'audit-whole')
    await page.keyboard.press('Escape')
    verdict = { ok: false, entries: 3, heads: [], broken: { host: 'host-1', number: 2, id: 'aud_2', why: 'its digest is not that of its content' } }
    await page.getByRole('button', { name: 'Verify the chain' }).click()
    await page.getByText('Broken at entry #2').waitFor()
    await checkAccessibility(page, 'a broken chain')
    await page.keyboard.press('Escape')
    await page.getByLabel('Operation').fill('create_tenant')
    await page.waitForFunction(() => document.querySelectorAll('main tbody tr').length === 1)
    assert.ok(page.url().includes('operation=create_tenant'))
    await close()
  })
}
