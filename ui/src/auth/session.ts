// Who is signed in: the bearer token, in memory and in this tab's session storage, never in a cookie (T-40). The form is
// `SignIn.tsx`. Also takes the one-time link's token out of the address before anything else can read it.
import { computed, signal } from '@preact/signals'
import { setCredentials } from '../api/client'
import { ApiError, asApiError } from '../api/problem'
import { openSession } from '../api/resources'
import type { Session } from '../api/types'

const STORAGE_KEY = 'isolet.session'

type SignInState = { kind: 'starting' } | { kind: 'signed_out'; reason: string | null } | { kind: 'signed_in'; session: Session }

export const signInState = signal<SignInState>({ kind: 'starting' })

export const session = computed<Session | null>(() => (signInState.value.kind === 'signed_in' ? signInState.value.session : null))

/** Signs in from the link in the address, else from this tab's storage, else leaves it to the form. */
export async function startSession(): Promise<void> {
  setCredentials({ token: () => session.peek()?.token ?? null, refused: () => endSession('Your session has ended. Sign in again to go on; your draft is kept.') })
  const link = takeLinkToken()
  const stored = storedSession()
  if (link === null) {
    signInState.value = stored ? { kind: 'signed_in', session: stored } : { kind: 'signed_out', reason: null }
    return
  }
  try {
    adopt(await openSession({ link }))
  } catch (thrown) {
    // A link opened twice in the same tab is no reason to lose the session that it gave the first time.
    if (stored) signInState.value = { kind: 'signed_in', session: stored }
    else signInState.value = { kind: 'signed_out', reason: linkRefusal(asApiError(thrown)) }
  }
}

/** Throws `ApiError` when the key is refused. */
export async function signInWithKey(key: string): Promise<void> {
  adopt(await openSession({ key }))
}

export function endSession(reason: string | null): void {
  sessionStorage.removeItem(STORAGE_KEY)
  signInState.value = { kind: 'signed_out', reason }
}

function adopt(opened: Session): void {
  sessionStorage.setItem(STORAGE_KEY, JSON.stringify(opened))
  signInState.value = { kind: 'signed_in', session: opened }
}

function storedSession(): Session | null {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? 'null')
    if (!isSession(stored) || Date.parse(stored.expires_at) <= Date.now()) return null
    return stored
  } catch {
    return null
  }
}

function isSession(value: unknown): value is Session {
  return typeof value === 'object' && value !== null && 'token' in value && 'expires_at' in value && typeof value.token === 'string' && typeof value.expires_at === 'string'
}

function takeLinkToken(): string | null {
  const match = /^#t=(.+)$/.exec(location.hash)
  if (!match?.[1]) return null
  history.replaceState(null, '', location.pathname + location.search)
  return match[1]
}

function linkRefusal(error: ApiError): string {
  if (error.status === 401) return 'This sign-in link was used already or is older than 15 minutes. Sign in with a key instead.'
  return error.message
}
