// What most cases share: a function whose one answer is a report in JSON of what a library did.

export const report = (make: () => unknown) => ({
  fetch: async (): Promise<Response> => Response.json(await make()),
})

/** The message of what `attempt` throws, or what it came to. */
export async function failure(attempt: () => unknown): Promise<string> {
  try {
    return `no failure: ${JSON.stringify(await attempt())}`
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`
  }
}
