// DEVELOPMENT ONLY. The host's health and the docs against a real host: figures that move, every call of the API with its shape, every type
// of the runtime, all without asking anybody but the host.
import assert from 'node:assert/strict'
import { checkAccessibility, shot } from './actions.mjs'
import { apiOf } from './api.mjs'

export function addReferenceSteps({ step, openSignedIn, origin, session }) {
  step('health: what the host says, and what it counted', 30, async () => {
    const api = apiOf(origin, session())
    await api('POST', '/v1/tenants/demo/runs', { prompt: 'x', limits: { cpu_ms: 5 }, code: { main_module: 'm.js', modules: { 'm.js': 'export default () => { for (;;); }' } } })
    const { page, close } = await openSignedIn({})
    await page.goto(`${origin}/#/settings`)
    await page.getByText('ready', { exact: true }).waitFor()
    await page.getByRole('rowheader', { name: 'cpu_limit' }).waitFor()
    const { version } = await api('GET', '/v1/info')
    assert.ok(await page.getByText(version, { exact: true }).isVisible())
    await page.getByText('limit reached').waitFor()
    for (const wall of ['Files', 'System calls']) await page.getByRole('row', { name: new RegExp(`^${wall}`) }).getByText('up', { exact: true }).waitFor()
    const figure = (label) => page.locator('dl > div', { hasText: label }).locator('dd').first()
    assert.ok(Number((await figure('Built').textContent()).replaceAll(',', '')) > 0)
    assert.equal(await figure('Store failures').textContent(), '0')
    await checkAccessibility(page, 'health')
    await shot(page, 'health')
    await close()
  })

  step('docs: start, runtime, API, problems', 60, async () => {
    const api = apiOf(origin, session())
    const document = await api('GET', '/v1/openapi.json')
    const { context, page, close } = await openSignedIn({})
    await page.goto(`${origin}/#/docs`)
    await page.getByText('curl', { exact: false }).first().waitFor()
    await shot(page, 'docs-start')
    await page.getByRole('tab', { name: 'API' }).click()
    await page.locator('main details').first().waitFor()
    const calls = Object.values(document.paths).flatMap((item) => Object.keys(item)).filter((method) => method !== 'parameters').length
    assert.equal(await page.locator('main details').count(), calls)
    await page.getByLabel('Find in API').fill('put_alias')
    await page.locator('main summary').click()
    await page.getByText('weight: number').first().waitFor()
    await checkAccessibility(page, 'API reference')
    await shot(page, 'docs-api')
    await page.getByRole('tab', { name: 'Runtime' }).click()
    await page.getByLabel('Find in Runtime').fill('digest')
    await page.getByText('class SubtleCrypto').waitFor()
    await checkAccessibility(page, 'runtime reference')
    await shot(page, 'docs-runtime')
    await page.getByRole('tab', { name: 'Problems' }).click()
    await page.getByLabel('Find in Problems').fill('build failed')
    const link = page.getByRole('link', { name: /^build_failed/ }).first()
    await shot(page, 'docs-problems')
    const [problem] = await Promise.all([context.waitForEvent('page'), link.click()])
    await problem.locator('p code', { hasText: /^build_failed$/ }).waitFor()
    assert.equal(new URL(problem.url()).origin, origin)
    await checkAccessibility(problem, 'a problem page')
    await shot(problem, 'problem-page')
    await close()
  })
}
