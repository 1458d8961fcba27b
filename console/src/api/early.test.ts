import { afterEach, describe, expect, it, vi } from 'vitest'

import { get } from './client'
import { askEarly, forgetEarly } from './early'

function named(...urls: string[]): void {
  const link = (value: string): object => ({ attributes: { getNamedItem: () => ({ value }) } })
  vi.stubGlobal('document', { querySelectorAll: () => urls.map(link) })
}

/** The n-th request is answered with its number, or breaks. */
function answered(...broken: number[]): string[] {
  const asked: string[] = []
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url)
    const number = asked.length
    return broken.includes(number) ? Promise.reject(new TypeError('network')) : Promise.resolve(new Response(String(number)))
  })
  return asked
}

afterEach(() => {
  forgetEarly()
  vi.unstubAllGlobals()
})

describe('what the page names', () => {
  it('is asked for at once and answers the first who wants it', async () => {
    const asked = answered()
    named('/api/v1/me', '/api/v1/backends?limit=1000')
    askEarly()
    expect(asked).toEqual(['/api/v1/me', '/api/v1/backends?limit=1000'])
    expect([await get('/backends', { query: { limit: 1000 } }), await get('/me', {}), await get('/me', {})]).toEqual([2, 1, 3])
  })
  it('is asked for again when it broke', async () => {
    answered(1)
    named('/api/v1/me')
    askEarly()
    expect(await get('/me', {})).toBe(2)
  })
  it('is no answer to who signed in meanwhile', async () => {
    answered()
    named('/api/v1/me')
    askEarly()
    forgetEarly()
    expect(await get('/me', {})).toBe(2)
  })
  it('does not reach who wants it no more', async () => {
    answered()
    named('/api/v1/me')
    askEarly()
    await expect(get('/me', { signal: AbortSignal.abort() })).rejects.toThrow('abort')
  })
})
