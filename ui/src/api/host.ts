// The host itself: whether it is up and takes requests, and its counters in Prometheus' text form, read as figures.
import { getJson, getText } from './client'

export interface Health {
  ready: boolean
  /** What it said when it was not. */
  detail: string | null
}

export async function getHealth(signal?: AbortSignal): Promise<Health> {
  try {
    await getJson<{ status: string }>('/readyz', signal)
    return { ready: true, detail: null }
  } catch (thrown) {
    if (signal?.aborted) throw thrown
    return { ready: false, detail: thrown instanceof Error ? thrown.message : null }
  }
}

export interface Counter {
  name: string
  labels: Record<string, string>
  value: number
}

export async function getCounters(): Promise<Counter[]> {
  return parseCounters(await getText('/metrics', 'text/plain'))
}

const LINE = /^([a-z_:][\w:]*)(?:\{([^}]*)\})? (\S+)$/i

function parseCounters(text: string): Counter[] {
  const counters: Counter[] = []
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = LINE.exec(line) ?? []
    if (name === undefined || value === undefined) continue
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', label = '']): [string, string] => [key, label])
    counters.push({ name, labels: Object.fromEntries(pairs), value: Number(value) })
  }
  return counters
}

/** The sum of a counter over those of its labels that are not named. */
export function sumOf(counters: Counter[], name: string, labels: Record<string, string> = {}): number {
  const matching = counters.filter((counter) => counter.name === name && Object.entries(labels).every(([key, value]) => counter.labels[key] === value))
  return matching.reduce((sum, { value }) => sum + value, 0)
}
