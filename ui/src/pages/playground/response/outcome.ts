// How a run's outcome is worded: tone, headline with figures, and what the reader can do. The outcomes are those of
// `host/docs/command-line.md`; a name this console does not know is shown as it is.
import type { ApiError } from '../../../api/problem'
import type { Limits, RunResult } from '../../../api/types'
import { limitsApplied } from '../../../app/info'
import type { Tone } from '../../../components/Notice'
import { bytes, count, milliseconds } from '../../../text/format'
import type { RunView } from '../state/runView'

export interface OutcomeWords {
  tone: Tone
  headline: string
  advice: string | null
}

export function wordsFor(view: RunView): OutcomeWords {
  if (view.result) return wordsForResult(view.result, limitsApplied(view.sent?.limits))
  if (view.problem) return wordsForProblem(view.problem)
  switch (view.state) {
    case 'running':
      return { tone: 'note', headline: view.head ? 'Receiving' : 'Running', advice: null }
    case 'stopped':
      return { tone: 'warn', headline: 'Stopped', advice: 'You stopped this run; the instance is gone.' }
    default:
      return { tone: 'plain', headline: 'Nothing ran yet', advice: null }
  }
}

/** `limits` are those that applied: asked for with the run, else the server's defaults. */
function wordsForResult(result: RunResult, limits: Partial<Limits>): OutcomeWords {
  const cpuLimit = limits.cpu_ms === undefined ? null : count(limits.cpu_ms)
  const memoryLimit = limits.memory_bytes === undefined ? null : bytes(limits.memory_bytes)
  switch (result.outcome) {
    case 'ok':
      return { tone: 'ok', headline: 'OK', advice: null }
    case 'exception':
      return bad('Exception', 'The code threw before it answered. The stack names the line.')
    case 'no_response':
      return bad('No response', 'Nothing was pending any more and no Response had been returned. Return one from fetch().')
    case 'cpu_limit':
      return bad(`CPU limit: ${Math.round(result.usage.cpu_ms)} ms used${of(cpuLimit)}`, 'Do less per request, or raise cpu_ms in the Limits tab.')
    case 'wall_limit':
      return bad(
        `Time limit: ${milliseconds(result.timing.total_ms)}${of(limits.wall_ms === undefined ? null : milliseconds(limits.wall_ms))}`,
        'The answer was not complete in time. Look for something that never settles, or raise wall_ms in the Limits tab.',
      )
    case 'memory_limit':
      return bad(`Memory limit: ${bytes(result.usage.memory_peak_bytes)} used${of(memoryLimit)}`, 'Hold less at once, or raise memory_bytes in the Limits tab.')
    case 'stack_limit':
      return bad('Stack limit: recursion too deep', 'Look for a function that calls itself without end.')
    case 'output_limit':
      return bad('Output limit', 'The body or the headers were too large or not valid HTTP.')
    case 'subrequest_limit':
      return bad('Subrequest limit', 'The code made more outgoing requests than a run may.')
    case 'egress_denied':
      return bad('Egress denied', 'The code called fetch() for an address that no rule allows, and let the error escape. See the Network tab.')
    case 'client_disconnected':
      return { tone: 'warn', headline: 'Stopped', advice: 'The caller went away before the answer was complete.' }
    case 'startup_failed':
      return bad('Start-up failed', 'The top level of a module threw. What needs a request belongs into fetch().')
    case 'startup_limit':
      return bad('Start-up limit', 'The top level of the modules used more CPU or memory than it may.')
    case 'build_failed':
      return bad('Build failed', 'The code does not compile. The problems are marked in the editor.')
    case 'build_limit':
      return bad('Build limit', 'The code takes more to compile than it may.')
    case 'internal':
      return bad('Internal error', `This is the host's fault, not the code's. The server's log has it under ${result.id}.`)
    default:
      return bad(result.outcome.replaceAll('_', ' '), null)
  }
}

/** The API refused to run it, or was not reached. */
function wordsForProblem(problem: ApiError): OutcomeWords {
  switch (problem.code) {
    case 'build_failed':
    case 'startup_failed':
    case 'startup_limit':
    case 'build_limit': {
      const headline = { build_failed: 'Build failed', startup_failed: 'Start-up failed', startup_limit: 'Start-up limit', build_limit: 'Build limit' }[problem.code]
      return bad(headline, problem.message)
    }
    case 'unreachable':
      return bad('No answer from the server', problem.message)
    case 'broken_off':
      return bad('Connection lost', problem.message)
    default:
      break
  }
  const wait = problem.retryAfterMs === null ? '' : ` Try again in ${milliseconds(problem.retryAfterMs)}.`
  const headlines: Record<number, string> = {
    400: 'Request not understood', 401: 'Not signed in', 403: 'Not allowed', 404: 'Not found', 413: 'Too large', 422: 'Request not valid',
    429: 'Too many requests', 503: 'Not available',
  }
  return bad(headlines[problem.status] ?? `Refused with ${problem.status || 'an error'}`, `${problem.message}${wait}`)
}

function of(limit: string | null): string {
  return limit === null ? '' : ` of ${limit}`
}

function bad(headline: string, advice: string | null): OutcomeWords {
  return { tone: 'bad', headline, advice }
}
