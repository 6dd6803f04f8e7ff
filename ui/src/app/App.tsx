// The console around its pages: signed in or not, navigation, top bar, the page of the address. What a page does is in `pages/`.
import { useSignal } from '@preact/signals'
import type { ComponentChildren, FunctionComponent } from 'preact'
import { useEffect } from 'preact/hooks'
import { session, signInState } from '../auth/session'
import { SignIn } from '../auth/SignIn'
import { Button } from '../components/Button'
import { EmptyState } from '../components/EmptyState'
import { FirstTenant } from './FirstTenant'
import { HelpDialog } from './HelpDialog'
import { loadInfo } from './info'
import { NavRail, NavDrawer } from './Nav'
import { pageAt, type PageEntry, type PageProps } from './pages'
import { Palette } from './palette/Palette'
import { Progress } from './Progress'
import { followRoute, route } from './route'
import { useGlobalKeys } from './shortcuts'
import { forgetTenants, loadTenants, tenant, tenants, tenantsError } from './tenants'
import { TopBar } from './TopBar'

export function App() {
  const state = signInState.value
  const token = session.value?.token
  useEffect(() => {
    if (token === undefined) return forgetTenants()
    void loadTenants()
    void loadInfo()
  }, [token])
  if (state.kind === 'signed_out') return <SignIn reason={state.reason} />
  return <Console />
}

function Console() {
  useEffect(followRoute, [])
  useGlobalKeys()
  const page = pageAt(route.value.page)
  useEffect(() => {
    document.title = `${page.title} · isolet`
  }, [page])
  return (
    <div class="flex h-full flex-col">
      <a href="#main" class="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded-md focus:bg-surface focus:px-3 focus:py-1.5" onClick={skipToMain}>
        Skip to the page
      </a>
      <TopBar page={page} />
      <Progress />
      <div class="flex min-h-0 flex-1">
        <NavRail page={page} />
        <PageBody entry={page} />
      </div>
      <NavDrawer page={page} />
      <Palette />
      <HelpDialog />
    </div>
  )
}

function skipToMain(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

function PageBody({ entry }: { entry: PageEntry }) {
  const loaded = useSignal<{ entry: PageEntry; component: FunctionComponent<PageProps> } | null>(null)
  const failed = useSignal(false)
  useEffect(() => {
    failed.value = false
    entry.load().then(
      (module) => (loaded.value = { entry, component: module.default }),
      () => (failed.value = true),
    )
  }, [entry])
  if (failed.value) return <Main><Unloadable /></Main>
  if (tenantsError.value && tenants.value === null) return <Main><NoTenants fault={tenantsError.value.message} /></Main>
  if (tenants.value?.length === 0 && entry.about === 'tenant') return <Main><FirstTenant /></Main>
  if (loaded.value?.entry !== entry || tenants.value === null) return <Main><PageSkeleton /></Main>
  const Page = loaded.value.component
  const slug = tenant.value ?? ''
  return (
    <Main shows={[entry.id, ...route.value.parts].join('/')}>
      <Page key={entry.about === 'tenant' ? slug : entry.id} tenant={slug} route={route.value} />
    </Main>
  )
}

/** `shows`: the address of the page that stands in it, once one does. */
function Main({ shows, children }: { shows?: string; children: ComponentChildren }) {
  return (
    <main id="main" tabIndex={-1} class="flex min-h-0 min-w-0 flex-1 flex-col outline-none" data-shows={shows}>
      {children}
    </main>
  )
}

function Unloadable() {
  return (
    <EmptyState icon="warn" title="This page could not be loaded" action={<Button onClick={() => location.reload()}>Reload</Button>}>
      The server was stopped, or upgraded while the page was open.
    </EmptyState>
  )
}

function NoTenants({ fault }: { fault: string }) {
  return (
    <EmptyState icon="warn" title="The tenants could not be loaded" action={<Button icon="refresh" onClick={() => void loadTenants()}>Try again</Button>}>
      {fault}
    </EmptyState>
  )
}

function PageSkeleton() {
  return (
    <div class="flex flex-1 flex-col gap-3 p-6" role="img" aria-label="Loading">
      <span class="shimmer h-4 w-1/4" />
      <span class="shimmer h-4 w-1/2" />
      <span class="shimmer h-4 w-2/5" />
    </div>
  )
}
