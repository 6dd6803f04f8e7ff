// A new key's secret, once: it is in this dialog and nowhere else, and goes with it.
import type { Key } from '../../api/types'
import { Button } from '../../components/Button'
import { CopyButton } from '../../components/CopyButton'
import { Modal } from '../../components/Dialog'
import { Notice } from '../../components/Notice'

export function SecretOnce({ entry, onClose }: { entry: Key | null; onClose: () => void }) {
  const secret = entry?.key ?? ''
  return (
    <Modal open={entry !== null} title="The new key" onClose={onClose}>
      <Notice tone="warn" title="Copy it now: it is not shown again">
        Only a digest of it is stored. Whoever has it can do what it may.
      </Notice>
      <div class="mt-3 flex items-center gap-2 rounded-lg border border-line bg-sunken py-1.5 pr-1.5 pl-3">
        <code class="min-w-0 flex-1 font-mono text-xs break-all" data-testid="new-key">
          {secret}
        </code>
        <CopyButton what="key" text={() => secret} />
      </div>
      <div class="mt-4 flex justify-end">
        <Button look="primary" onClick={onClose}>
          I have it
        </Button>
      </div>
    </Modal>
  )
}
