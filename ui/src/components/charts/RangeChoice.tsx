// How far back charts look. The host keeps minutes for a day and hours for five weeks.
import { Segmented } from '../Segmented'

const RANGES = [
  { id: '1h', hours: 1, label: '1 h' },
  { id: '6h', hours: 6, label: '6 h' },
  { id: '24h', hours: 24, label: '24 h' },
  { id: '7d', hours: 168, label: '7 days' },
  { id: '30d', hours: 720, label: '30 days' },
] as const
type RangeId = (typeof RANGES)[number]['id']

export function rangeOf(id: string | null): (typeof RANGES)[number] {
  return RANGES.find((range) => range.id === id) ?? RANGES[0]
}

export function RangeChoice({ value, onChange }: { value: RangeId; onChange: (id: RangeId) => void }) {
  return <Segmented label="Time" choices={RANGES.map(({ id, label }) => ({ value: id, label }))} value={value} onChange={onChange} />
}
