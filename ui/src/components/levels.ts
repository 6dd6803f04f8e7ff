// The tone of each level of a console line, the same wherever such lines are shown.
import type { LogLevel } from '../api/types'
import type { Tone } from './Notice'

export const LEVEL_TONE: Record<LogLevel, Tone> = {
  trace: 'plain',
  debug: 'plain',
  log: 'plain',
  info: 'note',
  warn: 'warn',
  error: 'bad',
}
