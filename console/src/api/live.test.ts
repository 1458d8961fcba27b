import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { backoff, follow, type Link, UNSEEN_MS } from './live'

class Source {
  static all: Source[] = []
  onopen: () => void = () => undefined
  onerror: () => void = () => undefined
  closed = false
  readonly listeners = new Map<string, (message: object) => void>()
  constructor(readonly url: string) {
    Source.all.push(this)
  }
  addEventListener(type: string, listener: (message: object) => void): void {
    this.listeners.set(type, listener)
  }
  send(type: string, data: unknown, lastEventId = ''): void {
    this.listeners.get(type)?.({ data: JSON.stringify(data), lastEventId })
  }
  close(): void {
    this.closed = true
  }
}

class Tab {
  visibilityState = 'visible'
  readonly listeners = new Set<() => void>()
  addEventListener(_type: string, listener: () => void): void {
    this.listeners.add(listener)
  }
  removeEventListener(_type: string, listener: () => void): void {
    this.listeners.delete(listener)
  }
  become(state: 'visible' | 'hidden'): void {
    this.visibilityState = state
    for (const listener of this.listeners) listener()
  }
}
let tab: Tab

beforeEach(() => {
  tab = new Tab()
  Source.all = []
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', Source)
  vi.stubGlobal('window', { addEventListener: vi.fn(), removeEventListener: vi.fn() })
  vi.stubGlobal('document', tab)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const at = (index: number): Source => {
  const source = Source.all[index]
  if (!source) throw new Error(`no connection ${String(index)}`)
  return source
}

describe('follow', () => {
  it('goes on after the last event when the connection broke', () => {
    const got: unknown[] = []
    const links: Link['state'][] = []
    follow({ route: '/e', resume: true, on: { event: (data) => got.push(data) }, onLink: ({ state }) => links.push(state) })
    at(0).onopen()
    at(0).send('event', { seq: 7 }, '7')
    at(0).onerror()
    vi.advanceTimersByTime(1000)
    expect(Source.all.map(({ url }) => url)).toEqual(['/api/v1/e', '/api/v1/e?after=7'])
    at(1).onopen()
    expect(got).toEqual([{ seq: 7 }])
    expect(links).toEqual(['connecting', 'connected', 'lost', 'connected'])
  })
  it('ends with the last event and when it is closed', () => {
    follow({ route: '/j', on: { end: () => undefined }, endOn: 'end' })
    at(0).send('end', {})
    expect(at(0).closed).toBe(true)
    const stream = follow({ route: '/k', on: {} })
    at(1).onerror()
    stream.close()
    vi.advanceTimersByTime(60_000)
    expect(Source.all).toHaveLength(2)
  })
  it('lets go while nobody sees it, and goes on when somebody does', () => {
    const links: Link['state'][] = []
    const stream = follow({ route: '/e', resume: true, on: { event: () => undefined }, onLink: ({ state }) => links.push(state) })
    at(0).onopen()
    at(0).send('event', {}, '3')
    tab.become('hidden')
    tab.become('visible')
    vi.advanceTimersByTime(UNSEEN_MS)
    expect(at(0).closed).toBe(false)
    tab.become('hidden')
    vi.advanceTimersByTime(UNSEEN_MS + 60_000)
    expect([at(0).closed, Source.all.length]).toEqual([true, 1])
    tab.become('visible')
    at(1).onopen()
    expect(at(1).url).toBe('/api/v1/e?after=3')
    expect(links).toEqual(['connecting', 'connected', 'lost', 'connected'])
    stream.close()
    expect([at(1).closed, tab.listeners.size]).toEqual([true, 0])
  })
  it('waits longer each time, but not for ever', () => {
    expect([1, 2, 3, 4, 5, 9].map(backoff)).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000])
  })
})
