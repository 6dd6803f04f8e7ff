// TypeScript as it is: types are taken away before the code runs, and
// mistakes in it are shown with their line. The prompt is a sum to do.
import { evaluate, parse } from './calculator.ts'

interface Answer {
  readonly sum: string
  readonly result: number
}

export default {
  async fetch(request: Request): Promise<Response> {
    const sum = new URL(request.url).searchParams.get('q') ?? ''
    try {
      const answer: Answer = { sum, result: evaluate(parse(sum)) }
      return Response.json(answer)
    } catch (error) {
      return Response.json({ sum, error: (error as Error).message }, { status: 400 })
    }
  },
} satisfies ExportedHandler
