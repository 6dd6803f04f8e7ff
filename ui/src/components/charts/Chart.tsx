// One chart over time, drawn by uPlot: lines or bars, a readout that follows the pointer, and the same figures as a table. What is measured
// is the caller's.
import { useSignal, useSignalEffect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { theme } from '../../theme/theme'

export interface ChartSeries {
  label: string
  values: (number | null)[]
  /** A custom property of the theme, e.g. `--phase-run`. */
  colour: string
}

interface ChartProps {
  title: string
  times: number[]
  series: ChartSeries[]
  format: (value: number) => string
  bars?: boolean
  /** Each series stands on those after it: parts of a whole. */
  stacked?: boolean
  /** Steps of the scale are powers of two: for bytes. */
  binary?: boolean
}

const POWERS_OF_TWO = Array.from({ length: 45 }, (_, power) => 2 ** power)
const HEIGHT = 168
/** The pointer of all charts on a page moves together. */
const SYNC = 'charts'

export function Chart({ title, times, series, format, bars = false, stacked = false, binary = false }: ChartProps) {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot | null>(null)
  const at = useSignal<number | null>(null)
  const shape = series.map(({ label }) => label).join()
  const latest = useRef({ times, series })
  latest.current = { times, series }

  const draw = (): void => {
    const node = host.current
    if (!node) return
    plot.current?.destroy()
    const now = latest.current
    const options = optionsFor({ series: now.series, format, bars, binary, width: node.clientWidth, onMove: (index) => (at.value = index) })
    plot.current = new UPlot(options, dataOf(now.times, now.series, stacked), node)
  }
  useEffect(() => {
    draw()
    const node = host.current
    if (!node) return
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: node.clientWidth, height: HEIGHT }))
    observer.observe(node)
    const dark = window.matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', draw)
    return () => {
      observer.disconnect()
      dark.removeEventListener('change', draw)
      plot.current?.destroy()
      plot.current = null
    }
  }, [shape])
  useEffect(() => plot.current?.setData(dataOf(times, series, stacked)), [times, series])
  // The canvas has its colours from when it was drawn; the new ones count from the next frame on.
  useSignalEffect(() => {
    void theme.value
    if (plot.current) requestAnimationFrame(draw)
  })
  return (
    <figure class="min-w-0 rounded-xl border border-line bg-surface px-4 pt-3 pb-2" aria-label={title}>
      <figcaption class="flex flex-wrap items-baseline justify-between gap-x-4">
        <span class="text-sm font-semibold">{title}</span>
        <Readout times={times} series={series} at={at.value} format={format} />
      </figcaption>
      <div ref={host} class="mt-2 h-42 w-full" aria-hidden="true" />
      <details class="text-xs">
        <summary class="py-1 text-muted">As a table</summary>
        <Figures title={title} times={times} series={series} format={format} />
      </details>
    </figure>
  )
}

function Readout({ times, series, at, format }: Pick<ChartProps, 'times' | 'series' | 'format'> & { at: number | null }) {
  const index = at ?? times.length - 1
  return (
    <span class="flex flex-wrap gap-x-3 text-xs text-muted tabular-nums">
      {series.map(({ label, values, colour }) => {
        const value = values[index]
        return (
          <span key={label} class="flex items-center gap-1.5">
            <span class="size-2 rounded-sm" style={{ background: `var(${colour})` }} aria-hidden="true" />
            {label} <span class="text-text">{value === null || value === undefined ? '–' : format(value)}</span>
          </span>
        )
      })}
      <span>{timeText(times[index])}</span>
    </span>
  )
}

function Figures({ title, times, series, format }: Pick<ChartProps, 'title' | 'times' | 'series' | 'format'>) {
  return (
    // Focusable, so that the keyboard can scroll it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div class="relative max-h-56 overflow-auto" tabIndex={0} role="group" aria-label={`Figures of ${title}`}>
      <table class="w-full text-right tabular-nums">
        <caption class="sr-only">{title}</caption>
        <thead class="sticky top-0 bg-surface text-muted">
          <tr>
            <th scope="col" class="py-1 text-left font-medium">
              Time
            </th>
            {series.map(({ label }) => (
              <th key={label} scope="col" class="py-1 font-medium">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((time, index) => (
            <tr key={time} class="border-t border-line/60">
              <th scope="row" class="py-0.5 text-left font-normal">
                {timeText(time)}
              </th>
              {series.map(({ label, values }) => {
                const value = values[index]
                return <td key={label}>{value === null || value === undefined ? '–' : format(value)}</td>
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const TIME = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' })

function timeText(seconds: number | undefined): string {
  return seconds === undefined ? '' : TIME.format(new Date(seconds * 1000))
}

function dataOf(times: number[], series: ChartSeries[], stacked: boolean): UPlot.AlignedData {
  const values = series.map((each) => each.values)
  if (!stacked) return [times, ...values]
  // The first is drawn first and is the tallest: those after it are drawn over it.
  return [times, ...values.map((_, from) => times.map((_time, at) => values.slice(from).reduce((sum, each) => sum + (each[at] ?? 0), 0)))]
}

interface DrawingProps extends Pick<ChartProps, 'series' | 'format'> {
  bars: boolean
  binary: boolean
  width: number
  onMove: (index: number | null) => void
}

function optionsFor({ series, format, bars, binary, width, onMove }: DrawingProps): UPlot.Options {
  const axis = { stroke: resolved('--muted'), grid: { stroke: resolved('--line'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' }
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, y: false },
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [{ ...axis, size: 40 }, { ...axis, size: 62, values: (_plot, ticks) => ticks.map((tick) => format(tick)), ...(binary ? { incrs: POWERS_OF_TWO } : {}) }],
    padding: [8, 8, 0, 0],
    series: [
      {},
      ...series.map((each): UPlot.Series => ({
        stroke: resolved(each.colour),
        width: 1.5,
        // A line needs two neighbours; what has none is a dot.
        points: { show: !bars, size: 4, width: 0, fill: resolved(each.colour), filter: (plot, index) => lonely(plot.data[index] ?? []) },
        spanGaps: false,
        ...(bars && UPlot.paths.bars ? { paths: UPlot.paths.bars({ size: [0.8, 40] }), fill: resolved(each.colour) } : {}),
      })),
    ],
    hooks: { setCursor: [(plot) => onMove(plot.cursor.idx ?? null)] },
  }
}

function lonely(values: ArrayLike<number | null | undefined>): number[] {
  const missing = (at: number): boolean => values[at] === null || values[at] === undefined
  return Array.from(values, (_, at) => at).filter((at) => !missing(at) && missing(at - 1) && missing(at + 1))
}

/** A canvas does not know `light-dark()`: the colour as the page has it now. */
function resolved(name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
