/** Who is signed in. The cookie itself is never seen here. */
import { del, get, post } from '../api/client'
import { forgetEarly } from '../api/early'
import { ApiError } from '../api/errors'
import type { Me, Role, Session } from '../api/types'
import { go, href, router } from './router.svelte'
import { ownAddress } from './routes'

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
    settle()
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

/** The session is over. */
export async function ended(): Promise<void> {
  session.me = null
  forgetEarly()
  const { needed } = await get('/setup', {})
  session.state = needed ? 'setup' : 'signed-out'
  settle()
}

/** From an address that is not for this state to the one that is; signing in leads back to where one wanted to be. */
export function settle(): void {
  const { state } = session
  if (state === 'signed-in' && router.isOpen) go(ownAddress(router.query.get('next')), { replace: true })
  else if (state === 'setup' && router.name !== 'setup') go(href('setup'), { replace: true })
  else if (state === 'signed-out' && router.name !== 'signIn') {
    const here = location.pathname + location.search
    go(href('signIn', {}, here === '/' || router.name === 'setup' ? {} : { next: here }), { replace: true })
  }
}
