// What lies over the page until it is answered or dismissed: the browser's own modal dialog, Escape included. A question before
// something is lost has its own form here; everything else brings its content.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Button, IconButton } from './Button'
import { useAction } from './Form'

interface ModalProps {
  open: boolean
  title: string
  onClose: () => void
  /** Room for a list or a comparison. */
  wide?: boolean
  /** Nothing but the content; the title is only spoken. */
  bare?: boolean
  children: ComponentChildren
}

export function Modal({ open, title, onClose, wide = false, bare = false, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    if (open && dialog.current && !dialog.current.open) dialog.current.showModal()
    if (!open) dialog.current?.close()
  }, [open])
  const width = bare ? 'w-160 mt-[12vh]' : wide ? 'w-[56rem]' : 'w-112'
  return (
    // A click outside of the box is a click on the dialog itself: its content covers all of the box.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
      class={`${width} max-h-[calc(100dvh-2rem)] max-w-[calc(100vw-1.5rem)] overflow-hidden rounded-xl border border-line bg-surface p-0 shadow-float open:flex open:flex-col`}
    >
      {bare ? (
        <h2 id={id} class="sr-only">
          {title}
        </h2>
      ) : (
        <div class="flex shrink-0 items-center justify-between gap-3 pt-4 pr-3 pl-5">
          <h2 id={id} class="min-w-0 truncate text-base font-semibold">
            {title}
          </h2>
          <IconButton icon="close" label="Close" onClick={() => dialog.current?.close()} />
        </div>
      )}
      {bare ? children : <div class="min-h-0 flex-1 overflow-y-auto px-5 pt-3 pb-5">{open && children}</div>}
    </dialog>
  )
}

interface ConfirmDialogProps {
  open: boolean
  title: string
  detail: string
  confirm: string
  /** A word to type before the button works, for what cannot be brought back. */
  word?: string
  /** Closes the dialog when it is done; what it throws is shown, and the dialog stays. */
  onConfirm: () => Promise<void> | void
  onClose: () => void
}

export function ConfirmDialog({ open, title, onClose, ...rest }: ConfirmDialogProps) {
  return (
    <Modal open={open} title={title} onClose={onClose}>
      <Question onClose={onClose} {...rest} />
    </Modal>
  )
}

function Question({ detail, confirm, word, onConfirm, onClose }: Omit<ConfirmDialogProps, 'open' | 'title'>) {
  const typed = useSignal('')
  const { busy, fault, act } = useAction()
  const confirmed = async (): Promise<void> => {
    await onConfirm()
    onClose()
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void act(confirmed)
      }}
    >
      <p class="text-sm text-muted">{detail}</p>
      {word !== undefined && (
        <label class="mt-3 block text-sm">
          Type <strong class="font-mono">{word}</strong> to go on
          <input
            class="mt-1 h-8 w-full rounded-md border border-line-strong bg-sunken px-2 font-mono"
            autocomplete="off"
            spellcheck={false}
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
        </label>
      )}
      <p role="alert" class="mt-1 min-h-5 text-sm text-bad">
        {fault.value}
      </p>
      <div class="mt-2 flex justify-end gap-2">
        <Button onClick={onClose} autofocus={word === undefined}>
          Cancel
        </Button>
        <Button look="danger" type="submit" busy={busy.value} disabled={word !== undefined && typed.value !== word}>
          {confirm}
        </Button>
      </div>
    </form>
  )
}
