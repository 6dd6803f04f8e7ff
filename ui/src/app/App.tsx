// The console around its pages: signed in or not, top bar, the page of the address. What a page does is in `pages/`.
import { useSignal } from '@preact/signals'
import type { FunctionComponent } from 'preact'
import { useEffect } from 'preact/hooks'
import { session, signInState } from '../auth/session'
import { SignIn } from '../auth/SignIn'
import { Button } from '../components/Button'
import { EmptyState } from '../components/EmptyState'
import { loadInfo } from './info'
import { FirstTenant } from './FirstTenant'
import { pageAt, type PageEntry, type PageProps } from './pages'
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
  const page = useSignal<PageEntry>(pageAt(location.hash))
  useEffect(() => {
    const follow = (): void => void (page.value = pageAt(location.hash))
    window.addEventListener('hashchange', follow)
    return () => window.removeEventListener('hashchange', follow)
  }, [])
  useEffect(() => {
    document.title = `${page.value.title} · isolet`
  }, [page.value])
  return (
    <div class="flex h-full flex-col">
      <TopBar page={page.value} />
      <main class="flex min-h-0 flex-1 flex-col">
        <h1 class="sr-only">{page.value.title}</h1>
        <PageBody entry={page.value} />
      </main>
    </div>
  )
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
  if (failed.value) {
    return (
      <EmptyState icon="warn" title="This page could not be loaded" action={<Button onClick={() => location.reload()}>Reload</Button>}>
        The server was stopped, or upgraded while the page was open.
      </EmptyState>
    )
  }
  if (tenantsError.value && tenants.value === null) {
    return (
      <EmptyState icon="warn" title="The tenants could not be loaded" action={<Button icon="refresh" onClick={() => void loadTenants()}>Try again</Button>}>
        {tenantsError.value.message}
      </EmptyState>
    )
  }
  if (tenants.value?.length === 0) return <FirstTenant />
  if (loaded.value?.entry !== entry || tenant.value === null) return <PageSkeleton />
  const Page = loaded.value.component
  return <Page key={tenant.value} tenant={tenant.value} />
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
