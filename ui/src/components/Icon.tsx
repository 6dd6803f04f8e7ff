// The console's icons, drawn here so that nothing is fetched. Always decoration: the label is the caller's.

const PATHS = {
  play: 'M5 3.2v9.6l7.6-4.8z',
  stop: 'M4.5 4.5h7v7h-7z',
  plus: 'M8 3.5v9M3.5 8h9',
  close: 'M4.2 4.2l7.6 7.6M11.8 4.2l-7.6 7.6',
  check: 'M3.2 8.4l3.1 3.1 6.5-7',
  warn: 'M8 2.4l6.2 11H1.8zM8 6.6v3.1M8 11.6v.1',
  bad: 'M5.5 2h5L14 5.5v5L10.5 14h-5L2 10.5v-5zM5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2',
  info: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 7.3v3.7M8 5v.1',
  dot: 'M8 6.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3z',
  star: 'M8 1.9l1.88 3.82 4.22.61-3.05 2.97.72 4.2L8 11.52 4.23 13.5l.72-4.2L1.9 6.33l4.22-.61z',
  copy: 'M5.8 5.8h7.4v7.4H5.8zM10.2 5.8V2.8H2.8v7.4h3',
  save: 'M8 2.5v7.5M4.8 7l3.2 3.2L11.2 7M2.8 13.3h10.4',
  trash: 'M2.8 4.3h10.4M6.3 4.3V2.6h3.4v1.7M4 4.3l.6 9.1h6.8l.6-9.1M6.6 6.8v4M9.4 6.8v4',
  sun: 'M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1',
  moon: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z',
  screen: 'M2 3h12v8H2zM5.5 13.5h5M8 11v2.5',
  exit: 'M6.5 2.8H3v10.4h3.5M7 8h6.5M10.8 5.2L13.6 8l-2.8 2.8',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  pencil: 'M10.8 2.9l2.3 2.3-7.4 7.4-2.9.6.6-2.9z',
  flag: 'M4 14V2.5M4 3h8l-1.8 2.7L12 8.4H4',
  refresh: 'M13 8a5 5 0 1 1-1.5-3.6M13 2.4v2.5h-2.5',
  blocked: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM3.8 3.8l8.4 8.4',
  updown: 'M5 6.2L8 3.2l3 3M5 9.8l3 3 3-3',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.4 10.4l3.1 3.1',
  question: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM6.2 6.3a1.8 1.8 0 1 1 2.6 1.6c-.5.3-.8.6-.8 1.2M8 11.2v.1',
  function: 'M4.5 13.5c2 0 2.4-1.2 2.8-3.2l.9-4.6c.3-1.8.9-3.2 2.9-3.2M4.8 7.2h5.4',
  lines: 'M3 4h10M3 8h7M3 12h9',
  chart: 'M2.8 2.8v10.4h10.4M5.6 10.8V8.4M8.4 10.8V5.2M11.2 10.8V7',
  key: 'M5.2 7.2a2.9 2.9 0 1 1 0 5.8 2.9 2.9 0 0 1 0-5.8zM7.4 8.2l5.4-5.4M10.6 5l1.9 1.9M9 6.6l1.2 1.2',
  grid: 'M2.8 2.8h4v4h-4zM9.2 2.8h4v4h-4zM2.8 9.2h4v4h-4zM9.2 9.2h4v4h-4z',
  shield: 'M8 1.9l5 1.8v4c0 3.2-2.1 5.3-5 6.4-2.9-1.1-5-3.2-5-6.4v-4zM5.8 8l1.6 1.6L10.4 6.4',
  pulse: 'M1.8 8.4h2.9l1.7-4.7 3 8.6 1.7-3.9h3.1',
  book: 'M8 4.2C6.8 3.2 5 2.9 2.6 2.9v9.3c2.4 0 4.2.300 5.4 1.3 1.2-1 3-1.3 5.4-1.3V2.9C11 2.9 9.2 3.2 8 4.2zM8 4.2v9.3',
  expand: 'M2.8 2.8h10.4v10.4H2.8zM6 2.8v10.4M8.6 6.4L10.2 8l-1.6 1.6',
  collapse: 'M2.8 2.8h10.4v10.4H2.8zM6 2.8v10.4M10.2 6.4L8.6 8l1.6 1.6',
  upload: 'M8 10V2.5M4.8 5.3L8 2.1l3.2 3.2M2.8 13.3h10.4',
  back: 'M9.8 3.5L5.3 8l4.5 4.5',
  external: 'M9 2.8h4.2V7M13 3L7.4 8.6M6.4 3.4H3v9.6h9.6V9.6',
  compare: 'M8 2v12M5.8 5.2H2.4v5.6h3.4M10.2 5.2h3.4v5.6h-3.4',
  up: 'M8 13V3.2M4.2 7L8 3.2 11.8 7',
  down: 'M8 3v9.8M4.2 9L8 12.8l3.8-3.8',
  pause: 'M5.6 3.6v8.8M10.4 3.6v8.8',
  clock: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 4.8V8l2.2 1.4',
  chevron: 'M4.5 6.2L8 9.7l3.5-3.5',
} as const

export type IconName = keyof typeof PATHS

const FILLED: ReadonlySet<IconName> = new Set(['play', 'stop'])

interface IconProps {
  name: IconName
  size?: number
  filled?: boolean
}

export function Icon({ name, size = 16, filled = FILLED.has(name) }: IconProps) {
  return (
    <svg
      aria-hidden="true"
      class="shrink-0"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill={filled ? 'currentColor' : 'none'}
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linecap="round"
      stroke-linejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
