// What code finds at run time: every global with its members, from the runtime's own types, under the headings that they have there.
import { Badge } from '../../components/Badge'
import { Section } from '../../components/PageFrame'
import { catalog, type Entry } from '../../runtime/catalog'

export function RuntimeReference({ word }: { word: string }) {
  const wanted = word.trim().toLowerCase()
  const sections = new Map<string, Entry[]>()
  for (const entry of catalog().values()) {
    const text = `${entry.name} ${entry.signature} ${entry.members.map(({ name }) => name).join(' ')}`.toLowerCase()
    if (text.includes(wanted)) sections.set(entry.section, [...(sections.get(entry.section) ?? []), entry])
  }
  if (sections.size === 0) return <p class="text-sm text-muted">The runtime has nothing like that.</p>
  return (
    <>
      {[...sections].map(([title, entries]) => (
        <Section key={title} title={title === '' ? 'Types' : title}>
          <div class="-mx-4 divide-y divide-line/70">
            {entries.map((entry) => (
              <EntryView key={entry.name} entry={entry} word={wanted} />
            ))}
          </div>
        </Section>
      ))}
    </>
  )
}

function EntryView({ entry, word }: { entry: Entry; word: string }) {
  const head = (
    <>
      <span class="w-44 shrink-0 truncate font-mono text-xs font-semibold max-sm:w-32">{entry.name}</span>
      <span class="min-w-0 flex-1 text-sm text-muted">{entry.doc ?? (entry.members.length === 0 ? '' : `${entry.members.length} members`)}</span>
      <Badge>{entry.kind}</Badge>
    </>
  )
  if (entry.members.length === 0) {
    return (
      <div class="px-4 py-2">
        <div class="flex items-baseline gap-3">{head}</div>
        <pre class="mt-1 font-mono text-xs whitespace-pre-wrap text-muted">{entry.signature}</pre>
      </div>
    )
  }
  return (
    <details open={word !== '' && entry.members.some(({ name }) => name.toLowerCase().includes(word))}>
      <summary class="flex items-baseline gap-3 px-4 py-2 -outline-offset-2 hover:bg-raised/50">{head}</summary>
      <div class="bg-canvas px-4 py-2">
        <p class="pb-1 font-mono text-xs text-muted">{entry.signature}</p>
        <ul>
          {entry.members.map((member) => (
            <li key={`${member.isStatic} ${member.name}`} class="border-b border-line/60 py-1 last:border-0">
              <code class="font-mono text-xs">{member.signature}</code>
              {member.doc !== null && <p class="text-xs text-muted">{member.doc}</p>}
            </li>
          ))}
        </ul>
      </div>
    </details>
  )
}
