import { Document, parse, parseAllDocuments, parseDocument, stringify, YAMLMap } from 'yaml'
import { failure, report } from './report'

const text = `# top
defaults: &defaults
  retries: 3
  hosts: [a, "b c", 'd''e']
service:
  <<: *defaults
  name: !!str 12
  text: |
    two
      lines
  folded: >-
    one
    line
  when: 2026-01-02T03:04:05Z
  size: 0x1F
  empty: ~
`

export default report(async () => {
  const document = parseDocument(text)
  document.setIn(['service', 'retries'], 9)
  const made = new Document({ list: [1, { two: [3] }], text: 'a\nb', date: new Date(0), tricky: ['yes', 'null', '1e3', '#x', '- y'] })
  return {
    merged: parse(text, { merge: true, customTags: ['timestamp'] }),
    kept: String(document),
    made: String(made),
    again: parse(stringify({ a: { b: [undefined, null, -0, 1e21] } })),
    many: parseAllDocuments('a: 1\n---\n- b\n...\n').map((one) => one.toJS()),
    map: parse('? [a, b]\n: c\n', { mapAsMap: true }) instanceof Map,
    kind: document.get('service') instanceof YAMLMap,
    error: await failure(() => parse('a: [1, 2\nb: "x')),
    places: parseDocument('a: 1\na: 2\n').errors.map((error) => error.message),
  }
})
