import { parse } from 'csv-parse/browser/esm/sync'
import { failure, report } from './report'

const text = 'id,name,note\n1,"Ada, L.","said ""hi"""\n2,Grace,\n\n# comment\n3,"two\nlines",é\n'

export default report(async () => ({
  rows: parse(text, { skip_empty_lines: true, comment: '#' }),
  objects: parse(text, { columns: true, skip_empty_lines: true, comment: '#', cast: (value, context) => context.column === 'id' ? Number(value) : value }),
  tabs: parse('a\tb\n c \td', { delimiter: '\t', trim: true, from_line: 2 }),
  info: parse('a;b\r\n1;2\r\n', { delimiter: ';', info: true, bom: true }).map((row) => row.info.lines),
  bytes: parse('\uFEFFx,y\n1,2', { bom: true, columns: true }),
  ragged: parse('a,b\n1\n1,2,3', { relax_column_count: true }),
  error: await failure(() => parse('a,b\n1,2,3', { columns: true })),
  quote: await failure(() => parse('a,"b\n')),
}))
