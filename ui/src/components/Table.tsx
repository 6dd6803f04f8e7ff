// Tables as all pages have them: one head, one row height, the first column a row's heading, wide ones scroll in themselves.
import type { ComponentChildren } from 'preact'

interface TableProps {
  caption: string
  /** Headings; an empty one is spoken as `Actions`. A trailing `>` puts the column to the right. */
  head: string[]
  children: ComponentChildren
}

export function Table({ caption, head, children }: TableProps) {
  return (
    // Focusable, so that the keyboard can scroll it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div class="relative -mx-4 overflow-x-auto" tabIndex={0} role="group" aria-label={caption}>
      <table class="w-full text-left text-sm">
        <caption class="sr-only">{caption}</caption>
        <thead class="text-xs text-muted">
          <tr class="border-b border-line">
            {head.map((name, at) => (
              // Headings may be empty; only the place identifies one.
              // oxlint-disable-next-line react/no-array-index-key
              <th key={at} scope="col" class={`px-4 py-2 font-medium whitespace-nowrap ${name.endsWith('>') ? 'text-right' : ''}`}>
                {name === '' ? <span class="sr-only">Actions</span> : name.replace('>', '')}
              </th>
            ))}
          </tr>
        </thead>
        <tbody class="[&>tr:last-child]:border-0 [&>tr]:border-b [&>tr]:border-line/70">{children}</tbody>
      </table>
    </div>
  )
}

export function Cell({ right = false, class: extra = '', children }: { right?: boolean; class?: string; children?: ComponentChildren }) {
  return <td class={`px-4 py-2 ${right ? 'text-right whitespace-nowrap tabular-nums' : ''} ${extra}`}>{children}</td>
}

export function HeadCell({ class: extra = '', children }: { class?: string; children: ComponentChildren }) {
  return (
    <th scope="row" class={`px-4 py-2 font-medium ${extra}`}>
      {children}
    </th>
  )
}
