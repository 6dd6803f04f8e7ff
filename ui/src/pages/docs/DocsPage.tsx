// The reference, all of it from this host: how to begin, what code finds at run time, the API, the problems. Nothing is asked of anybody else.
import { useSignal } from '@preact/signals'
import type { PageProps } from '../../app/pages'
import { go, hrefOf } from '../../app/route'
import { PageFrame } from '../../components/PageFrame'
import { SearchField } from '../../components/SearchField'
import { TabPanel, Tabs } from '../../components/Tabs'
import { ApiReference } from './ApiReference'
import { Guide } from './Guide'
import { Problems } from './Problems'
import { RuntimeReference } from './RuntimeReference'

const PARTS = [
  { id: 'start', label: 'Start' },
  { id: 'runtime', label: 'Runtime' },
  { id: 'api', label: 'API' },
  { id: 'problems', label: 'Problems' },
] as const
type Part = (typeof PARTS)[number]['id']

export default function DocsPage({ tenant, route }: PageProps) {
  const word = useSignal(route.query.get('q') ?? '')
  const part: Part = PARTS.find(({ id }) => id === route.parts[0])?.id ?? 'start'
  return (
    <PageFrame
      title="Docs"
      about="Of exactly this version: the API from its own document, the runtime from its own types. Works without a network."
      actions={part === 'start' ? null : <SearchField label={`Find in ${PARTS.find(({ id }) => id === part)?.label ?? ''}`} value={word.value} onText={(text) => (word.value = text)} />}
      tabs={<Tabs label="Parts of the docs" idBase="docs" class="h-9" tabs={[...PARTS]} active={part} onSelect={(id) => go(hrefOf('docs', [id]))} />}
    >
      <TabPanel idBase="docs" active={part}>
        {part === 'start' && <Guide tenant={tenant} />}
        {part === 'runtime' && <RuntimeReference word={word.value} />}
        {part === 'api' && <ApiReference word={word.value} />}
        {part === 'problems' && <Problems word={word.value} />}
      </TabPanel>
    </PageFrame>
  )
}
