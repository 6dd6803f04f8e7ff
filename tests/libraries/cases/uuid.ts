import { NIL, parse, stringify, v1, v3, v4, v5, v6, v7, validate, version } from 'uuid'
import { failure, report } from './report'

export default report(async () => {
  const random = Uint8Array.from({ length: 16 }, (_, at) => at * 7)
  const many = [...Array.from({ length: 100 }, () => v4()), ...Array.from({ length: 100 }, () => v7())]
  return {
    unique: new Set(many).size, versions: [v1(), v4(), v6(), v7()].map((id) => version(id)), valid: many.every((id) => validate(id)),
    sorted: (() => { const ids = Array.from({ length: 50 }, () => v7()); return ids.join() === ids.toSorted().join() })(),
    named: [v5('example.org', v5.DNS), v3('https://example.org/', v3.URL), v5('a', NIL)],
    steady: [v4({ random }), v7({ random, msecs: 1_750_000_000_000, seq: 7 }), v1({ random, msecs: 1_750_000_000_000, nsecs: 5, clockseq: 1, node: random.slice(0, 6) })],
    bytes: stringify(parse('6ba7b810-9dad-11d1-80b4-00c04fd430c8')),
    error: await failure(() => parse('not one')),
  }
})
