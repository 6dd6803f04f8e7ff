// The examples as the console offers them: `gallery.json` joined with the files beside it. What they do is in the files.
import type { Modules } from '../api/types'
import entries from './gallery.json'

export interface Example {
  id: string
  title: string
  summary: string
  modules: Modules
  mainModule: string
  prompt: string
  env: Record<string, string>
}

const sources: Record<string, string> = import.meta.glob('./*/*.{js,ts}', { query: '?raw', import: 'default', eager: true })

function sourceOf(id: string, file: string): string {
  const source = sources[`./${id}/${file}`]
  if (source === undefined) throw new Error(`gallery.json names ${id}/${file}, which does not exist`)
  return source
}

export const EXAMPLES: Example[] = entries.map((entry) => ({
  id: entry.id,
  title: entry.title,
  summary: entry.summary,
  modules: Object.fromEntries(entry.modules.map((file) => [file, sourceOf(entry.id, file)])),
  mainModule: entry.modules[0] ?? 'main.js',
  prompt: entry.prompt,
  env: Object.fromEntries(Object.entries(entry.env ?? {})),
}))

/** What an empty playground starts with, and what runs when the editor is empty. */
export const DEFAULT_EXAMPLE: Example = EXAMPLES.find((example) => example.id === 'uppercase') ?? EXAMPLES[0]!
