/** Who is signed in. The cookie itself is never seen here. */
import { del, get, post } from '../api/client'
import { ApiError } from '../api/errors'
import type { Me, Role, Session } from '../api/types'
import { go, href, router } from './router.svelte'

class SessionState {
  /** `unknown` until the service has said so. */
  state = $state<'unknown' | 'signed-in' | 'signed-out' | 'setup'>('unknown')
  me = $state.raw<Me | null>(null)

  get role(): Role {
    return this.me?.user.role ?? 'viewer'
  }
  /** Whether this user may change machines; the service refuses others all the same. */
  get operates(): boolean {
    return this.role !== 'viewer'
  }
  get administers(): boolean {
    return this.role === 'admin'
  }
}

export const session = new SessionState()

/** Ask the service who this is. Throws when it does not answer. */
export async function resume(): Promise<void> {
  try {
    session.me = await get('/me', {})
    session.state = 'signed-in'
    if (router.isOpen) go(nextAddress(), { replace: true })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error
    await ended()
  }
}

export async function signIn(email: string, password: string): Promise<void> {
  await post('/sessions', { body: { email, password } })
  await resume()
}

export async function claim(body: { code: string; email: string; password: string; name?: string }): Promise<Session> {
  const made = await post('/setup', { body })
  await resume()
  return made
}

export async function signOut(): Promise<void> {
  await del('/sessions/current', {})
  session.me = null
  session.state = 'signed-out'
  go(href('signIn'))
}

/** The session is over: sign in, then come back to this address. */
export async function ended(): Promise<void> {
  session.me = null
  const { needed } = await get('/setup', {})
  session.state = needed ? 'setup' : 'signed-out'
  if (needed) {
    if (router.name !== 'setup') go(href('setup'), { replace: true })
  } else if (router.name !== 'signIn') {
    const here = location.pathname + location.search
    go(href('signIn', {}, here === '/' || router.name === 'setup' ? {} : { next: here }), { replace: true })
  }
}

/** Where to after signing in: only ever an address of this console. */
function nextAddress(): string {
  const next = router.query.get('next') ?? '/'
  return next.startsWith('/') && !next.startsWith('//') && !next.includes('\\') ? next : '/'
}
