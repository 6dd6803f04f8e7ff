// What the modules beside this one check with: each gives its cases by name, and the answer names those that failed.

export const same = (got, wanted) => {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)]
  if (a !== b) throw new Error(`${a} is not ${b}`)
}

/** The name of what `act` throws, or of what it rejects with. */
export const thrown = async (act) => {
  try {
    await act()
  } catch (error) {
    return error.name
  }
  return 'nothing'
}

export const handler = (cases) => ({
  async fetch() {
    const failures = []
    for (const [name, run] of Object.entries(cases)) {
      try {
        await run()
      } catch (error) {
        failures.push(`${name}: ${error?.stack ?? error}`)
      }
    }
    return new Response(failures.length === 0 ? `${Object.keys(cases).length} passed` : failures.join('\n'))
  },
})
