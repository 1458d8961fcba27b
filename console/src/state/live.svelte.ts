/**
 * The one stream of events that the console follows while somebody is signed in, and whether the service answers.
 * Pages listen with `onEvent`, inside a component or not; both return what ends it.
 */
import { get, watch } from '../api/client'
import { follow, type Stream } from '../api/live'
import type { MistEvent } from '../api/types'
import { ended } from './session.svelte'

type Listener = (event: MistEvent) => void

class LiveState {
  /** Since when nothing has come from the service; null while it answers. */
  lostSince = $state.raw<Date | null>(null)
  /** Counts how often the service came back; what was shown is then read again. */
  returns = $state(0)
}

export const live = new LiveState()
const listeners = new Set<Listener>()
let stream: Stream | null = null
let newest = 0

export function onEvent(listener: Listener): () => void {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

/** Told of every answer and of every missing one; called once. */
export function watchService(): void {
  watch({
    signedOut: () => {
      void ended().catch(() => undefined)
    },
    answered,
    lost,
  })
}

export async function startLive(): Promise<void> {
  stopLive()
  const page = await get('/events', { query: { limit: 1 } })
  newest = page.items[0]?.seq ?? 0
  stream = follow({
    route: '/events/stream',
    query: { after: newest },
    resume: true,
    on: { event: (data) => deliver(data as MistEvent) },
    onLink: (link) => {
      if (link.state === 'connected') answered()
      else if (link.state === 'lost') void probe()
    },
  })
}

export function stopLive(): void {
  stream?.close()
  stream = null
}

function deliver(event: MistEvent): void {
  if (event.seq <= newest) return
  newest = event.seq
  for (const listener of listeners) listener(event)
}

/** A stream that broke may be a session that ended, a restart, or nothing: asking tells which. */
async function probe(): Promise<void> {
  await get('/me', {}).catch(() => undefined)
}

function answered(): void {
  if (live.lostSince === null) return
  live.lostSince = null
  live.returns += 1
}

function lost(): void {
  live.lostSince ??= new Date()
}
