// The playground: code and a prompt in, a sealed run, the answer out. Here is its layout and its keys; the model is in `state/`,
// each pane in a folder of its own.
import { signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { PageProps } from '../../app/pages'
import { replaceQuery } from '../../app/route'
import { usePageCommands } from '../../app/commands'
import { Lazy } from '../../components/Lazy'
import { Splitter } from '../../components/Splitter'
import { Tabs } from '../../components/Tabs'
import { useWide } from '../../components/useWide'
import { EXAMPLES } from '../../examples/gallery'
import { holdsMod, MOD, RUN_KEYS } from '../../text/keys'
import { ActivityPanel } from './activity/ActivityPanel'
import { Coach } from './Coach'
import { EditorPane } from './editor/EditorPane'
import { RequestBar } from './request/RequestBar'
import { ResponsePanel } from './response/ResponsePanel'
import { SharedCode } from './SharedCode'
import { Sidebar } from './sidebar/Sidebar'
import { createPlayground, PlaygroundContext, usePlayground, type Pane } from './state/playground'
import { StatusBar } from './StatusBar'

/** Shares of the window, in percent; outlive a switch of tenants. */
const editorShare = signal(56)
const upperShare = signal(66)

export default function PlaygroundPage({ tenant, route }: PageProps) {
  const playground = useMemo(() => createPlayground(tenant), [tenant])
  useEffect(() => {
    void playground.history.refresh()
    const stopSaving = playground.draft.keepSaved()
    const stopChecking = playground.checker.keepChecking()
    return () => {
      stopChecking()
      playground.runner.stop()
      stopSaving()
    }
  }, [playground])
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      // The editor has handled the same keys already when it had the focus.
      if (event.defaultPrevented || !holdsMod(event) || event.altKey) return
      if (event.shiftKey && event.key.toLowerCase() === 'd') playground.deploying.value = true
      else if (event.shiftKey) return
      else if (event.key === 'Enter') playground.run()
      else if (event.key === 's') playground.draft.save()
      else return
      event.preventDefault()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [playground])
  // Code of a function was asked for by the address: it is taken over once, then the address forgets it.
  const [wanted, version] = [route.query.get('function'), route.query.get('version')]
  useEffect(() => {
    if (wanted === null) return
    replaceQuery({ function: null, version: null })
    void playground.open(wanted, version)
  }, [playground, wanted, version])
  usePageCommands(
    () => [
      { id: 'run', title: 'Run', icon: 'play', hint: RUN_KEYS, act: playground.run },
      { id: 'share', title: 'Copy a link to this code', icon: 'external', words: 'share', act: () => void playground.copyLink() },
      { id: 'deploy', title: 'Deploy…', icon: 'upload', hint: `${MOD} Shift D`, act: () => void (playground.deploying.value = true) },
      ...EXAMPLES.map((example) => ({ id: `example-${example.id}`, title: `Example: ${example.title}`, icon: 'book' as const, words: example.summary, act: () => playground.runExample(example) })),
    ],
    [playground],
  )
  return (
    <PlaygroundContext.Provider value={playground}>
      <Workbench />
      <SharedCode packed={route.query.get('c')} run={route.query.get('run')} />
      <Lazy when={playground.deploying.value} load={() => import('./DeployDialog').then((module) => module.DeployDialog)} />
      <Lazy when={playground.comparing.value !== null} load={() => import('./CompareDialog').then((module) => module.CompareDialog)} />
    </PlaygroundContext.Provider>
  )
}

function Workbench() {
  const { pane } = usePlayground()
  const wide = useWide('(min-width: 768px)')
  return (
    <div class="flex min-h-0 flex-1 flex-col">
      <Coach />
      <div class="flex min-h-0 flex-1">
        <Sidebar />
        {wide.value ? <WidePanes /> : <NarrowPanes pane={pane.value} onSelect={(next) => (pane.value = next)} />}
      </div>
      <StatusBar />
    </div>
  )
}

function WidePanes() {
  return (
    <div class="flex min-h-0 min-w-0 flex-1 flex-col">
      <div class="flex min-h-0 flex-col" style={{ height: `${upperShare.value}%` }}>
        <div class="flex min-h-0 flex-1">
          <section aria-label="Code" class="flex min-w-0 flex-col" style={{ width: `${editorShare.value}%` }}>
            <EditorPane />
          </section>
          <Splitter label="Width of the editor" direction="vertical" value={editorShare.value} min={25} max={75} onChange={(value) => (editorShare.value = value)} />
          <section aria-label="Response" class="min-w-0 flex-1 bg-surface">
            <ResponsePanel />
          </section>
        </div>
        <RequestBar />
      </div>
      <Splitter label="Height of the upper half" direction="horizontal" value={upperShare.value} min={35} max={85} onChange={(value) => (upperShare.value = value)} />
      <section aria-label="Activity" class="min-h-0 flex-1 bg-surface">
        <ActivityPanel />
      </section>
    </div>
  )
}

/** A phone shows one pane at a time, with the prompt and Run always within reach of the thumb. */
function NarrowPanes({ pane, onSelect }: { pane: Pane; onSelect: (pane: Pane) => void }) {
  return (
    <div class="flex min-h-0 min-w-0 flex-1 flex-col">
      <Tabs
        label="Panes"
        idBase="pane"
        class="h-10 shrink-0 border-b border-line bg-surface"
        tabs={[
          { id: 'code', label: 'Code' },
          { id: 'response', label: 'Response' },
          { id: 'activity', label: 'Activity' },
        ]}
        active={pane}
        onSelect={onSelect}
      />
      <div role="tabpanel" id="pane-panel" aria-labelledby={`pane-tab-${pane}`} class="flex min-h-0 flex-1 flex-col bg-surface">
        {pane === 'code' && <EditorPane />}
        {pane === 'response' && <ResponsePanel />}
        {pane === 'activity' && <ActivityPanel />}
      </div>
      <RequestBar />
    </div>
  )
}
