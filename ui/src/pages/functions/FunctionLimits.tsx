// The function's own limits: never more than the tenant's, often less.
import { getFunctionLimits, putFunctionLimits } from '../../api/functions'
import { may } from '../../app/rights'
import { LimitsEditor } from '../../components/LimitsEditor'
import { Loaded, useLoad } from '../../components/Loaded'
import { Section } from '../../components/PageFrame'

export function FunctionLimits({ tenant, name }: { tenant: string; name: string }) {
  const limits = useLoad((signal) => getFunctionLimits(tenant, name, signal), [tenant, name])
  return (
    <Section title="Limits" about="The lowest of plan, tenant and function counts. Empty means: as the tenant.">
      <Loaded load={limits} what="The limits">
        {(found) => (
          <LimitsEditor
            settings={found}
            disabled={!may('functions:write')}
            onSave={async (set) => {
              try {
                await putFunctionLimits(tenant, name, set, found.etag)
              } finally {
                await limits.reload()
              }
            }}
          />
        )}
      </Loaded>
    </Section>
  )
}
