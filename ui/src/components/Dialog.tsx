// A question that must be answered before something is lost: the browser's own modal dialog, Escape included.
import { useEffect, useRef } from 'preact/hooks'
import { Button } from './Button'

interface ConfirmDialogProps {
  open: boolean
  title: string
  detail: string
  confirm: string
  onConfirm: () => void
  onClose: () => void
}

export function ConfirmDialog({ open, title, detail, confirm, onConfirm, onClose }: ConfirmDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (open && dialog.current && !dialog.current.open) dialog.current.showModal()
    if (!open) dialog.current?.close()
  }, [open])
  return (
    <dialog
      ref={dialog}
      aria-labelledby="confirm-title"
      aria-describedby="confirm-detail"
      onClose={onClose}
      class="w-96 max-w-[calc(100vw-2rem)] rounded-xl border border-line bg-surface p-5 shadow-float"
    >
      <h2 id="confirm-title" class="text-base font-semibold">
        {title}
      </h2>
      <p id="confirm-detail" class="mt-1.5 text-sm text-muted">
        {detail}
      </p>
      <div class="mt-5 flex justify-end gap-2">
        <Button onClick={onClose} autofocus>
          Cancel
        </Button>
        <Button
          look="danger"
          onClick={() => {
            onConfirm()
            onClose()
          }}
        >
          {confirm}
        </Button>
      </div>
    </dialog>
  )
}
