// Runs a table of cases, which lies beside it as cases.js: what to do, what should come of it, and perhaps why Node's differs.
import { handler, same } from './checks.js'
import cases from './cases.js'

export default handler(Object.fromEntries(cases.map(([act, wanted], index) => [`case ${index}`, () => same(act(), wanted)])))
