/**
 * Server-sent events that come back by themselves. The browser's own EventSource gives up on an answer that is no
 * stream (a proxy's 502, a service that is starting), so this one begins anew, after 1 s, 2 s ... 15 s.
 *
 * A tab that nobody sees lets go of its streams: browsers have six connections to a service for all tabs together, so
 * that a few forgotten ones would leave none to load a page with. It counts as a lost connection.
 */
import { address } from './client'

export type Link = { state: 'connecting' | 'connected' } | { state: 'lost'; since: Date }

export type StreamOptions = {
  route: string
  path?: object
  query?: object
  /** Handlers by event type. `data` is parsed JSON; `id` is the last event id, '' without one. */
  on: Record<string, (data: unknown, id: string) => void>
  /** After this event type the stream is over and not begun again. */
  endOn?: string
  /** Called at each change of the connection; the first `connected` after `lost` is the time to read again. */
  onLink?: (link: Link) => void
  /** Whether the next connection asks for what came `after` the last id. */
  resume?: boolean
}

export type Stream = { close: () => void }

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 15_000
export const UNSEEN_MS = 10_000

/** How long to wait before attempt `failures` + 1. */
export function backoff(failures: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** Math.max(0, failures - 1), LONGEST_WAIT_MS)
}

export function follow(options: StreamOptions): Stream {
  let source: EventSource | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let unseen: ReturnType<typeof setTimeout> | undefined
  let closed = false
  let failures = 0
  let lostSince: Date | null = null
  let lastId = ''

  function open(): void {
    source?.close()
    clearTimeout(timer)
    const query = { ...options.query, ...(options.resume && lastId !== '' ? { after: lastId } : {}) }
    source = new EventSource(address(options.route, options.path, query))
    source.onopen = () => {
      failures = 0
      lostSince = null
      options.onLink?.({ state: 'connected' })
    }
    source.onerror = again
    for (const [type, handler] of Object.entries(options.on)) {
      source.addEventListener(type, (message: MessageEvent<string>) => {
        if (message.lastEventId !== '') lastId = message.lastEventId
        handler(JSON.parse(message.data), message.lastEventId)
        if (type === options.endOn) close()
      })
    }
  }

  function again(): void {
    letGo()
    if (closed) return
    failures += 1
    timer = setTimeout(open, backoff(failures))
  }

  function letGo(): void {
    source?.close()
    clearTimeout(timer)
    if (closed) return
    lostSince ??= new Date()
    options.onLink?.({ state: 'lost', since: lostSince })
  }

  function onVisibility(): void {
    clearTimeout(unseen)
    if (document.visibilityState === 'hidden') unseen = setTimeout(letGo, UNSEEN_MS)
    else wake()
  }

  function wake(): void {
    if (lostSince !== null && !closed) open()
  }

  function close(): void {
    closed = true
    clearTimeout(timer)
    clearTimeout(unseen)
    window.removeEventListener('online', wake)
    document.removeEventListener('visibilitychange', onVisibility)
    source?.close()
  }

  window.addEventListener('online', wake)
  document.addEventListener('visibilitychange', onVisibility)
  options.onLink?.({ state: 'connecting' })
  open()
  return { close }
}
