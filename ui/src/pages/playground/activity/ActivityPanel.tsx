// The lower pane: what the run wrote and asked for, earlier prompts, limits, the same call as curl. One file per tab.
import { TabPanel, Tabs, type TabSpec } from '../../../components/Tabs'
import { usePlayground, type ActivityTab } from '../state/playground'
import { ConsoleTab } from './ConsoleTab'
import { CurlTab } from './CurlTab'
import { HistoryTab } from './HistoryTab'
import { LimitsTab } from './LimitsTab'
import { NetworkTab } from './NetworkTab'

export function ActivityPanel() {
  const { activityTab, draft, history, runner } = usePlayground()
  const { logs, subrequests } = runner.view.value
  const errors = logs.filter((line) => line.level === 'error').length
  const denied = subrequests.filter((request) => request.denied_by !== null).length
  const limited = Object.keys(draft.limits.value).length
  const tabs: TabSpec<ActivityTab>[] = [
    { id: 'console', label: 'Console', badge: figure(logs.length), tone: errors > 0 ? 'bad' : 'plain' },
    { id: 'network', label: 'Network', badge: denied > 0 ? `${denied} denied` : figure(subrequests.length), tone: denied > 0 ? 'bad' : 'plain' },
    { id: 'history', label: 'History', badge: figure(history.entries.value?.length ?? 0) },
    { id: 'limits', label: 'Limits', badge: figure(limited) },
    { id: 'curl', label: 'curl' },
  ]
  return (
    <div class="flex h-full min-h-0 flex-col">
      <Tabs
        label="Activity"
        idBase="activity"
        class="h-9 shrink-0 border-b border-line px-1"
        tabs={tabs}
        active={activityTab.value}
        onSelect={(id) => (activityTab.value = id)}
      />
      <TabPanel idBase="activity" active={activityTab.value} class="flex-1 overflow-auto">
        {activityTab.value === 'console' && <ConsoleTab />}
        {activityTab.value === 'network' && <NetworkTab />}
        {activityTab.value === 'history' && <HistoryTab />}
        {activityTab.value === 'limits' && <LimitsTab />}
        {activityTab.value === 'curl' && <CurlTab />}
      </TabPanel>
    </div>
  )
}

function figure(count: number): string | undefined {
  return count > 0 ? String(count) : undefined
}
