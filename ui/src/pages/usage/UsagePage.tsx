// What was used: charts of this tenant as it runs, and windows of usage that bills are made of. The address says which of them, and of when.
import type { PageProps } from '../../app/pages'
import { hrefOf, go, replaceQuery } from '../../app/route'
import { MetricsBoard } from '../../components/charts/MetricsBoard'
import { PageFrame } from '../../components/PageFrame'
import { RangeChoice, rangeOf } from '../../components/charts/RangeChoice'
import { TabPanel, Tabs } from '../../components/Tabs'
import { UsageTable } from './UsageTable'

export default function UsagePage({ tenant, route }: PageProps) {
  const part = route.parts[0] === 'windows' ? 'windows' : 'charts'
  const range = rangeOf(route.query.get('range'))
  return (
    <PageFrame
      title="Usage"
      about="Charts of this tenant, ten seconds behind; and usage in windows that are closed once and never change again."
      actions={part === 'charts' && <RangeChoice value={range.id} onChange={(id) => replaceQuery({ range: id })} />}
      tabs={
        <Tabs
          label="Parts of the usage"
          idBase="usage"
          class="h-9"
          tabs={[
            { id: 'charts', label: 'Charts' },
            { id: 'windows', label: 'Windows and export' },
          ]}
          active={part}
          onSelect={(id) => go(hrefOf('usage', id === 'charts' ? [] : [id]))}
        />
      }
    >
      <TabPanel idBase="usage" active={part}>
        {part === 'charts' ? <MetricsBoard tenant={tenant} functionName="" hours={range.hours} /> : <UsageTable />}
      </TabPanel>
    </PageFrame>
  )
}
