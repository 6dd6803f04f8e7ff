// Code that came by a link: asks before it takes the place of the draft. What a link holds is `state/share.ts`.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { replaceQuery } from '../../app/route'
import { ConfirmDialog } from '../../components/Dialog'
import { plural } from '../../text/format'
import { usePlayground } from './state/playground'
import { readShared, type Shared } from './state/share'

export function SharedCode({ packed }: { packed: string | null }) {
  const { draft, announcement } = usePlayground()
  const shared = useSignal<Shared | null>(null)
  useEffect(() => {
    if (packed === null) return
    replaceQuery({ c: null })
    void readShared(packed).then((found) => {
      shared.value = found
      if (found === null) announcement.value = 'The link holds no code, or not all of it: was it copied whole?'
    })
  }, [packed])
  const found = shared.value
  return (
    <ConfirmDialog
      open={found !== null}
      title="Open the code of this link?"
      detail={`${plural(Object.keys(found?.modules ?? {}).length, 'module')} take the place of your draft. Nothing runs until you run it; read it first if you do not know who it is from.`}
      confirm="Replace my draft"
      onConfirm={() => {
        if (found) draft.load({ ...found, mode: 'prompt', env: [], functionName: null })
        announcement.value = 'The code of the link is in the editor.'
      }}
      onClose={() => (shared.value = null)}
    />
  )
}
