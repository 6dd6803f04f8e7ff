// Workload 5: writes a bundle of 100 KB, the same each time, as a bundler leaves one behind: tables, small functions, classes, and a
// handler that uses some of them. Runs in the bench's own process; what it returns is what the servers run.
const BYTES = 100 * 1024
const words = 'account batch cart charge client country coupon credit customer date discount entry fee group invoice item label ledger '
  + 'limit line mail member note offer order owner page payment period plan price product quota rate refund region report role rule sale '
  + 'scope season seller shipment state status stock store tariff tax ticket total unit user vendor voucher weight zone'
const nouns = words.split(' ')

/** A generator of numbers below `limit` that gives the same ones each time (Numerical Recipes' linear congruence). */
function numbers() {
  let state = 20261122
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 8) % limit
  }
}

const capital = (word) => word[0].toUpperCase() + word.slice(1)

function table(n, below) {
  const rows = Array.from({ length: 6 }, (_, at) => {
    const [noun, code] = [nouns[below(nouns.length)], 100 + below(900)]
    const tiers = [below(10), 10 + below(90), code].join(', ')
    return `  { code: '${noun.slice(0, 3).toUpperCase()}${code}', name: '${noun} ${at}', rate: 0.${code}, tiers: [${tiers}] },`
  })
  return `const table${n} = [\n${rows.join('\n')}\n];\nconst byCode${n} = new Map(table${n}.map((row) => [row.code, row]));\n`
}

function functions(n, below) {
  const [first, second] = [nouns[below(nouns.length)], nouns[below(nouns.length)]]
  const [factor, divisor] = [2 + below(90), 3 + below(50)]
  return `function compute${capital(first)}${n}(amount, ${second}) {
  if (amount === null || amount === undefined) throw new TypeError('${first} needs an amount');
  const scaled = (amount * ${factor} + ${second}.length * ${below(100)}) % 100003;
  return scaled > ${below(5000)} ? Math.floor(scaled / ${divisor}) : scaled + ${divisor};
}
const format${capital(second)}${n} = (value, suffix = '${second}') => \`\${String(value).padStart(${4 + below(6)}, '0')}-\${suffix}\`;
function validate${n}(input) {
  const problems = [];
  if (typeof input.name !== 'string' || !/^[a-z]{2,}( \\d+)?$/.test(input.name)) problems.push('${first}.name');
  if (!(input.rate >= 0 && input.rate < 1)) problems.push('${first}.rate');
  if (input.tiers.length < ${2 + below(2)}) problems.push('${second}.tiers');
  return problems;
}
steps[${n}] = (seed) => {
  const row = table${n}[seed % table${n}.length];
  const amount = compute${capital(first)}${n}(seed + row.tiers[1], row.name);
  return format${capital(second)}${n}(amount + byCode${n}.get(row.code).tiers[2]) + (validate${n}(row).length ? '!' : '');
};
`
}

function classes(n, below) {
  const [noun, field] = [capital(nouns[below(nouns.length)]), nouns[below(nouns.length)]]
  return `class ${noun}${n} extends Entity {
  #${field} = ${below(1000)};
  static kind = '${noun.toLowerCase()}';
  constructor(id, options = {}) {
    super(id, ${noun}${n}.kind);
    this.options = { retries: ${below(5)}, label: '${field}', ...options };
  }
  get ${field}() { return this.#${field}; }
  add(value) {
    this.#${field} = (this.#${field} + value * ${1 + below(9)}) % 65521;
    return this;
  }
  describe() { return \`\${super.describe()} ${field}=\${this.${field}} \${this.options.label}/\${this.options.retries}\`; }
}
registry.set(${n}, ${noun}${n});
`
}

const head = `const tag = '@@@@TAG@@@@';
const steps = [];
const registry = new Map();
class Entity {
  constructor(id, kind) { this.id = id; this.kind = kind; }
  describe() { return \`\${this.kind}#\${this.id}\`; }
}
`
const foot = `
const routes = [
  [/^\\/orders\\/(\\d+)$/, 'order'],
  [/^\\/(reports|invoices)\\/([a-z-]+)$/, 'document'],
  [/^\\/$/, 'overview'],
];
const routeOf = (path) => (routes.find(([pattern]) => pattern.test(path)) ?? [null, 'missing'])[1];
export default {
  async fetch(request) {
    const url = new URL(request.url);
    const q = Number(url.searchParams.get('q'));
    const lines = [];
    for (let n = q; n < steps.length; n += 3) lines.push(steps[n](n * 7 + q));
    for (let n = q; n < steps.length; n += 5) lines.push(new (registry.get(n))(n, { retries: q }).add(n).add(q).describe());
    lines.sort();
    return Response.json({ tag, route: routeOf(url.pathname), lines });
  },
};
`

export function bundle() {
  const below = numbers()
  let text = head
  for (let n = 0; text.length + foot.length < BYTES; n++) text += table(n, below) + functions(n, below) + classes(n, below)
  return text + foot
}
