// Code that came by a link: asks before it takes the place of the draft. What a link holds is `state/share.ts`.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { asApiError } from '../../api/problem'
import { getRun } from '../../api/resources'
import { replaceQuery } from '../../app/route'
import { ConfirmDialog } from '../../components/Dialog'
import { plural } from '../../text/format'
import { usePlayground } from './state/playground'
import { readShared } from './state/share'

interface SharedCodeProps {
  /** A draft that the address holds. */
  packed: string | null
  /** A recorded run that it names. */
  run: string | null
}

interface Found {
  modules: number
  /** Puts it into the editor. */
  take: () => void
}

export function SharedCode({ packed, run }: SharedCodeProps) {
  const { tenant, draft, announcement, show } = usePlayground()
  const found = useSignal<Found | null>(null)
  useEffect(() => {
    if (packed === null) return
    replaceQuery({ c: null })
    void readShared(packed).then((shared) => {
      if (shared === null) {
        announcement.value = 'The link holds no code, or not all of it: was it copied whole?'
        return
      }
      const take = (): void => {
        draft.load({ ...shared, mode: 'prompt', env: [], functionName: null })
        announcement.value = 'The code of the link is in the editor.'
      }
      found.value = { modules: Object.keys(shared.modules).length, take }
    })
  }, [packed])
  useEffect(() => {
    if (run === null) return
    replaceQuery({ run: null })
    getRun(tenant, run).then(
      (recorded) => (found.value = { modules: Object.keys(recorded.code?.modules ?? {}).length, take: () => show(recorded, '') }),
      (thrown: unknown) => {
        const error = asApiError(thrown)
        announcement.value = error.status === 404 ? 'The run of the link is not kept any more, or is not of this tenant.' : `The run of the link could not be loaded: ${error.message}`
      },
    )
  }, [tenant, run])
  return (
    <ConfirmDialog
      open={found.value !== null}
      title="Open the code of this link?"
      detail={`${plural(found.value?.modules ?? 0, 'module')} take the place of your draft. Nothing runs until you run it; read it first if you do not know who it is from.`}
      confirm="Replace my draft"
      onConfirm={() => found.value?.take()}
      onClose={() => (found.value = null)}
    />
  )
}
