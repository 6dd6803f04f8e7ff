// Opening the network for a host that a run was denied: in the draft, and in the function that the code belongs to, where the key may.
import { getEgress, putEgress } from '../../../api/egress'
import { may } from '../../../app/rights'
import { sentence } from '../../../components/Form'
import type { Playground } from './playground'

export function hostOf(url: string): string | null {
  try {
    return new URL(url).hostname
  } catch {
    return null
  }
}

export async function allowHost({ tenant, draft, announcement }: Playground, host: string): Promise<void> {
  if (!draft.egress.value.some((rule) => rule.host === host)) draft.egress.value = [...draft.egress.value, { action: 'allow', host }]
  const target = draft.functionName.value
  announcement.value = `Runs from here may call ${host} now. Run again to see it.`
  if (target === null || !may('egress:write')) return
  try {
    const owner = { kind: 'function' as const, tenant, name: target }
    const { value, etag } = await getEgress(owner)
    const rules = value.rules ?? []
    if (!rules.some((rule) => rule.host === host && rule.action === 'allow')) await putEgress(owner, [...rules, { action: 'allow', host }], etag)
    announcement.value = `${target} and runs from here may call ${host} now. Run again to see it.`
  } catch (thrown) {
    announcement.value = `Runs from here may call ${host} now; ${target} not yet: ${sentence(thrown)}`
  }
}
