// What was found, as Markdown: ratios in one table, then a table for each workload. How it is measured is in bench.js.

/** Rows of a workload's table: what is shown, which measure of isolet, which of workerd (the same unless named). */
const rows = [
  ['never-seen code, one after another, p50 ms', 'never-seen p50'],
  ['never-seen code, one after another, p99 ms', 'never-seen p99'],
  ['never-seen code, 16 in flight, per s', 'never-seen rate 16'],
  ...[1, 16, 64].flatMap((connections) => [
    [`known code, fresh instance, ${connections} in flight, p50 ms`, `fresh p50 ${connections}`],
    [`known code, fresh instance, ${connections} in flight, per s`, `fresh rate ${connections}`],
  ]),
  ...[1, 16, 64].flatMap((connections) => [
    [`known code, workerd's isolate *reused*, ${connections} in flight, p50 ms`, `fresh p50 ${connections}`, `reused p50 ${connections}`],
    [`known code, workerd's isolate *reused*, ${connections} in flight, per s`, `fresh rate ${connections}`, `reused rate ${connections}`],
  ]),
]
const once = [
  ['process start to first answer, first start ever, ms', 'first start', 'start'],
  ['process start to first answer, engine compiled before, ms', 'start'],
  ['memory per further loaded function, KiB', 'memory'],
]

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return (low + high) / 2
}

const figure = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(value < 0.1 ? 2 : 3))))

function spread(values) {
  if (!values?.length) return '–'
  const middle = figure(median(values))
  return values.length === 1 ? middle : `${middle} (${figure(Math.min(...values))}–${figure(Math.max(...values))})`
}

/** Round by round, since both peers of a round met about the same machine. */
const ratios = (ours, theirs) => (ours && theirs ? ours.slice(0, theirs.length).map((value, round) => value / theirs[round]) : undefined)

function table(rows, { isolet, workerd }) {
  const lines = rows.filter(([, ours, theirs = ours]) => isolet[ours] || workerd[theirs]).map(([title, ours, theirs = ours]) => {
    const cells = [isolet[ours], workerd[theirs], ratios(isolet[ours], workerd[theirs])]
    return `| ${title} | ${cells.map(spread).join(' | ')} |`
  })
  return ['| measure: median (least–most) | isolet | workerd | isolet / workerd |', '| --- | --- | --- | --- |', ...lines].join('\n')
}

/** `found` is by workload, peer and measure; `general` by peer and measure; `about` is a list of sentences. */
export function report({ about, workloads, found, general }) {
  const columns = workloads.map(({ name }) => name)
  const overview = rows.map(([title, ours, theirs = ours]) => {
    const cells = columns.map((name) => ratios(found[name].isolet[ours], found[name].workerd[theirs]))
    return `| ${title} | ${cells.map((values) => (values ? figure(median(values)) : '–')).join(' | ')} |`
  })
  return [
    '# isolet beside workerd', about.join('  \n'),
    '## Ratios, isolet / workerd', 'Milliseconds: the less the better for isolet. Per second: the more the better for isolet.',
    [`| median of the rounds' ratios | ${columns.join(' | ')} |`, `| --- |${' --- |'.repeat(columns.length)}`, ...overview].join('\n'),
    ...workloads.flatMap(({ name, title }) => [`## ${name}: ${title}`, table(rows, found[name])]),
    '## Once', table(once, general),
  ].join('\n\n')
}
