/**
 * The one stream of events that the console follows while somebody is signed in, and whether the service answers.
 * Pages listen with `onEvent`, inside a component or not; both return what ends it.
 */
import { get, watch } from '../api/client'
import { follow, type Stream } from '../api/live'
import { asError } from '../api/errors'
import type { MistEvent } from '../api/types'
import { merged } from './events'
import { ended } from './session.svelte'

type Listener = (event: MistEvent) => void

class LiveState {
  /** Since when nothing has come from the service; null while it answers. */
  lostSince = $state.raw<Date | null>(null)
  /** Counts how often the service came back; what was shown is then read again. */
  returns = $state(0)
  /** The newest events; undefined until they were read. */
  recent = $state.raw<MistEvent[] | undefined>(undefined)
  error = $state.raw<Error | null>(null)
}

export const live = new LiveState()
const listeners = new Set<Listener>()
let stream: Stream | null = null
let following = 0
let newest = 0

const RECENT = 12
const RETRY_MS = 3000

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

/** Follows from now on. The stream itself begins after `first`, which is to have the connections and the service. */
export async function startLive(first: Promise<void>): Promise<void> {
  stopLive()
  const mine = following
  try {
    live.recent = (await get('/events', { query: { limit: RECENT } })).items
    live.error = null
  } catch (thrown) {
    live.error = asError(thrown)
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    if (mine === following) void startLive(first)
    return
  }
  newest = live.recent[0]?.seq ?? 0
  await first
  if (mine === following) open()
}

function open(): void {
  stream = follow({
    route: '/events/stream',
    query: { after: newest },
    resume: true,
    on: { event: (data) => { deliver(data as MistEvent) } },
    onLink: (link) => {
      if (link.state === 'connected') answered()
      else if (link.state === 'lost') void probe()
    },
  })
}

export function stopLive(): void {
  following += 1
  stream?.close()
  stream = null
  live.recent = undefined
}

function deliver(event: MistEvent): void {
  if (event.seq <= newest) return
  newest = event.seq
  live.recent = merged([event], live.recent ?? []).slice(0, RECENT)
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
