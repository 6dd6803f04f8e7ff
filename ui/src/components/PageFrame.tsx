// The frame of every page but the playground: a heading with its actions, then sections, in one column that scrolls.
import type { ComponentChildren } from 'preact'

interface PageFrameProps {
  title: ComponentChildren
  /** One sentence on what the page is for. */
  about?: ComponentChildren
  actions?: ComponentChildren
  /** Between the heading and the content: tabs. */
  tabs?: ComponentChildren
  /** The content scrolls by itself, e.g. a long list. */
  fixed?: boolean
  children: ComponentChildren
}

export function PageFrame({ title, about, actions, tabs, fixed = false, children }: PageFrameProps) {
  return (
    <div class={`flex min-h-0 flex-1 flex-col ${fixed ? '' : 'overflow-y-auto'}`}>
      <div class={`shrink-0 px-6 pt-5 max-md:px-4 ${tabs ? 'border-b border-line' : 'pb-4'}`}>
        <div class="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
          <div class="min-w-0">
            <h2 class="truncate text-lg font-semibold tracking-tight">{title}</h2>
            {about && <p class="max-w-2xl text-sm text-muted">{about}</p>}
          </div>
          {actions && <div class="flex flex-wrap items-center gap-2">{actions}</div>}
        </div>
        {tabs && <div class="mt-3 -ml-3">{tabs}</div>}
      </div>
      <div class={`px-6 max-md:px-4 ${fixed ? 'flex min-h-0 flex-1 flex-col' : ''} ${tabs ? 'pt-5' : ''} ${fixed ? '' : 'pb-10'}`}>{children}</div>
    </div>
  )
}

interface SectionProps {
  title: string
  about?: ComponentChildren
  actions?: ComponentChildren
  children: ComponentChildren
}

export function Section({ title, about, actions, children }: SectionProps) {
  return (
    <section aria-label={title} class="mb-6 overflow-hidden rounded-xl border border-line bg-surface">
      <div class="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b border-line px-4 py-2.5">
        <div class="min-w-0">
          <h3 class="text-sm font-semibold">{title}</h3>
          {about && <p class="text-xs text-muted">{about}</p>}
        </div>
        {actions && <div class="flex items-center gap-2">{actions}</div>}
      </div>
      <div class="px-4">{children}</div>
    </section>
  )
}
