// The choice between light, dark and what the system says, wherever it stands.
import { Segmented } from '../components/Segmented'
import { theme } from '../theme/theme'

/** The label is the radio buttons' form name as well: its own in each place. */
export function ThemeChoice({ label }: { label: string }) {
  return (
    <Segmented
      label={label}
      choices={[
        { value: 'system', label: 'As the system', icon: 'screen' },
        { value: 'light', label: 'Light', icon: 'sun' },
        { value: 'dark', label: 'Dark', icon: 'moon' },
      ]}
      value={theme.value}
      onChange={(next) => (theme.value = next)}
    />
  )
}
