// Checking the chains: each entry's digest against its content and the entry before. Says where they end, to be noted elsewhere.
import { useSignal } from '@preact/signals'
import { verifyAudit } from '../../api/audit'
import type { AuditVerdict } from '../../api/types'
import { Button } from '../../components/Button'
import { CodeBlock } from '../../components/CodeBlock'
import { Modal } from '../../components/Dialog'
import { useAction } from '../../components/Form'
import { Notice } from '../../components/Notice'
import { plural } from '../../text/format'

export function Verify() {
  const verdict = useSignal<AuditVerdict | null>(null)
  const { busy, fault, act } = useAction()
  return (
    <>
      <span role="alert" class="text-sm text-bad">
        {fault.value}
      </span>
      <Button icon="shield" busy={busy.value} onClick={() => void act(async () => void (verdict.value = await verifyAudit()))}>
        Verify the chain
      </Button>
      <Modal open={verdict.value !== null} title="The chain of entries" onClose={() => (verdict.value = null)}>
        {verdict.value && <Verdict verdict={verdict.value} />}
      </Modal>
    </>
  )
}

function Verdict({ verdict: { ok, entries, heads, broken } }: { verdict: AuditVerdict }) {
  return (
    <div class="flex flex-col gap-3">
      {ok ? (
        <Notice tone="ok" title="Whole">
          {plural(entries, 'entry').replace('entrys', 'entries')} checked, each against the one before.
        </Notice>
      ) : (
        <Notice tone="bad" title={`Broken at entry #${broken?.number ?? '?'}`}>
          <span class="tenant-text">{broken?.why}</span> It is of the host {broken?.host}. Whatever comes before it is as it was written.
        </Notice>
      )}
      <p class="text-sm text-muted">Where each host's chain ends. Noted elsewhere, it shows later that nothing was taken off.</p>
      <CodeBlock what="ends of the chains" text={heads.map(({ host, number, digest }) => `${host} #${number} ${digest}`).join('\n')} />
    </div>
  )
}
