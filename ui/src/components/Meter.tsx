// How much of something is used up: a bar and the share in words. Beyond four fifths it warns, at all of it it is bad.

interface MeterProps {
  label: string
  /** 0 to 1; what is used beyond the whole counts as the whole. */
  share: number
  detail: string
}

export function Meter({ label, share, detail }: MeterProps) {
  const percent = Math.min(Math.round(share * 100), 100)
  const [fill, word] = share >= 1 ? ['bg-bad-fill', 'text-bad font-medium'] : share >= 0.8 ? ['bg-phase-instantiate', 'text-warn font-medium'] : ['bg-phase-run', 'text-muted']
  return (
    <span class="block" role="meter" aria-label={`${label}: ${detail}`} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100} title={detail}>
      <span class="block h-1.5 overflow-hidden rounded-full bg-raised">
        <span class={`block h-1.5 ${fill}`} style={{ width: `${percent}%` }} />
      </span>
      <span class={`mt-0.5 block truncate text-2xs tabular-nums ${word}`}>
        {label} {percent} %
      </span>
    </span>
  )
}
