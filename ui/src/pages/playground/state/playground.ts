// The page's whole model for one tenant: draft, runs and history, and the actions that touch more than one of them.
import { batch, computed, signal } from '@preact/signals'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { getFunction, getSource, listVariables } from '../../../api/functions'
import { ApiError, asApiError } from '../../../api/problem'
import { getRun, replayRun } from '../../../api/resources'
import type { PromptEntry, RecordedRun, RunRequest } from '../../../api/types'
import { may } from '../../../app/rights'
import { awaited } from '../../../components/pending'
import type { Example } from '../../../examples/gallery'
import { createChecker } from './checker'
import { codeOf, openedOf, optionsOf, type Opened } from './code'
import { createDraft } from './draft'
import { createHistory } from './history'
import { createRunner } from './runner'
import { recordedView } from './runView'
import { shareLink } from './share'

export type ActivityTab = 'console' | 'network' | 'history' | 'limits' | 'curl'

/** The pane that a phone shows; wider screens show all of them. */
export type Pane = 'code' | 'response' | 'activity'

/** Where the cursor should go; a new object each time, so that the same place can be asked for twice. */
export interface Target {
  file: string
  line: number
  column: number
}

export type Playground = ReturnType<typeof createPlayground>

export function createPlayground(tenant: string) {
  const draft = createDraft(tenant)
  const history = createHistory(tenant)
  const runner = createRunner(draft, () => void history.refresh())
  const checker = createChecker(draft, runner)
  const pane = signal<Pane>('code')
  const activityTab = signal<ActivityTab>('console')
  const target = signal<Target | null>(null)
  /** What the status bar says when it is not the run itself. */
  const announcement = signal<string | null>(null)
  const copyLink = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(await shareLink(draft))
      announcement.value = 'A link with the code is on the clipboard. It holds the code itself: no server keeps it, whoever has the link can read it.'
    } catch {
      announcement.value = 'The clipboard is not open to this page.'
    }
  }

  const deploying = signal(false)
  /** Two runs side by side; the first is chosen, the second is still to be. */
  const comparing = signal<[first: string, second: string | null] | null>(null)
  const hasFile = computed(() => new Set(draft.fileNames.value))

  const run = (): void => {
    batch(() => {
      announcement.value = null
      pane.value = 'response'
    })
    void runner.run()
    if (runner.promptRefused.value) pane.value = 'code'
  }

  const runExample = (example: Example): void => {
    draft.loadExample(example)
    run()
  }

  const goTo = (place: Target): void => {
    if (!hasFile.value.has(place.file)) return
    batch(() => {
      draft.activeFile.value = place.file
      target.value = { ...place }
      pane.value = 'code'
    })
  }

  /** Prompt and code back into the editor, the answer back into the response panel. */
  const recall = (entry: PromptEntry): Promise<void> =>
    awaited(async () => {
      try {
        show(await getRun(tenant, entry.id), entry.prompt ?? '')
      } catch (thrown) {
        recallFailed(asApiError(thrown), entry)
      }
    })

  /** A recorded run as if it had just been made here. */
  const show = (recorded: RecordedRun, prompt: string): void => {
    const code = (recorded.code && openedOf(recorded.code)) ?? { modules: draft.modules.value, mainModule: draft.mainModule.value, beside: draft.beside.value }
    const sent = requestOf(recorded, code, prompt)
    batch(() => {
      draft.load({
        ...code,
        mode: sent.prompt === undefined ? 'request' : 'prompt',
        ...(sent.prompt === undefined ? {} : { prompt: sent.prompt }),
        ...(sent.request ? { request: { ...sent.request, body: textOf(sent.request.body) } } : {}),
        ...(sent.env ? { env: Object.entries(sent.env) } : {}),
      })
      runner.view.value = recordedView(recorded, sent)
      announcement.value = 'Prompt and code are back in the editor.'
    })
  }

  /** The code of a function's version, by default the one that is live, into the editor. */
  const open = (name: string, version: string | null): Promise<void> => awaited(() => opening(name, version))

  const opening = async (name: string, version: string | null): Promise<void> => {
    try {
      const wanted = version ?? (await getFunction(tenant, name)).live_version
      if (wanted === null) {
        draft.functionName.value = name
        announcement.value = `${name} has no code yet: what is deployed from here becomes its first version.`
        return
      }
      const [source, variables] = await Promise.all([getSource(tenant, name, wanted), may('env:read') ? listVariables(tenant, name) : []])
      const opened = openedOf(source)
      if (opened === null) {
        announcement.value = `The main module of ${name} is no text: it is not for an editor.`
        return
      }
      const env = variables.map((variable): [string, string] => [variable.name, variable.value])
      batch(() => {
        draft.load({ ...opened, mode: draft.mode.value, env, functionName: name })
        announcement.value = `The code of ${name} is in the editor.`
      })
    } catch (thrown) {
      announcement.value = `Could not open ${name}: ${asApiError(thrown).message}`
    }
  }

  /** The same code and request once more, on the host as it is now. */
  const replay = (entry: PromptEntry): Promise<void> =>
    awaited(async () => {
      announcement.value = 'Running it again…'
      try {
        const { id } = await replayRun(tenant, entry.id)
        await history.refresh()
        await recall({ ...entry, id })
        announcement.value = 'Ran again; the answer is the new one.'
      } catch (thrown) {
        announcement.value = `Could not run that again: ${asApiError(thrown).message}`
      }
    })

  /** A saved prompt has no run, an old run may be gone: the prompt itself is still good. */
  const recallFailed = (error: ApiError, entry: PromptEntry): void => {
    if (error.status !== 404) {
      announcement.value = `Could not load that run: ${error.message}`
      return
    }
    batch(() => {
      draft.prompt.value = entry.prompt ?? ''
      draft.mode.value = 'prompt'
      announcement.value = 'The prompt is back; the run it belonged to is no longer kept.'
    })
  }

  return { tenant, draft, runner, checker, history, pane, activityTab, target, announcement, hasFile, run, runExample, goTo, open, recall, show, replay, copyLink, deploying, comparing }
}

/** What was asked back then; where a deployed version ran, the code of the editor stays. */
function requestOf(recorded: RecordedRun, { modules, mainModule, beside }: Opened, prompt: string): RunRequest {
  const request: RunRequest = { code: codeOf(modules, mainModule, beside), ...optionsOf(beside) }
  if (recorded.request && !recorded.prompt) request.request = sendable(recorded.request)
  else request.prompt = recorded.prompt ?? prompt
  return request
}

/** A recorded request without what only records say. */
function sendable({ method, path, headers, body }: NonNullable<RecordedRun['request']>): NonNullable<RunRequest['request']> {
  return body ? { method, path, headers, body } : { method, path, headers }
}

function textOf(body: { text: string } | { base64: string } | undefined): string {
  return body && 'text' in body ? body.text : ''
}

export const PlaygroundContext = createContext<Playground | null>(null)

export function usePlayground(): Playground {
  const playground = useContext(PlaygroundContext)
  if (!playground) throw new Error('usePlayground outside of the playground page')
  return playground
}
