// Values over time as a line the size of a word. The figures themselves stand beside it.

const WIDTH = 72
const HEIGHT = 20

export function Sparkline({ values }: { values: number[] }) {
  const most = Math.max(...values, 1)
  const step = WIDTH / Math.max(values.length - 1, 1)
  const points = values.map((value, at) => `${(at * step).toFixed(1)},${(HEIGHT - 1 - (value / most) * (HEIGHT - 2)).toFixed(1)}`).join(' ')
  return (
    <svg aria-hidden="true" class="shrink-0 text-phase-compile" width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`}>
      <polyline points={points} fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round" />
    </svg>
  )
}
