import { afterEach, describe, expect, it, vi } from 'vitest'

import { address, del, get, getAll, post, watch } from './client'
import { ApiError, ServerLost } from './errors'

type Asked = { url: string; init: RequestInit }

function answer(...answers: (Response | Error)[]): Asked[] {
  const asked: Asked[] = []
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    asked.push({ url, init })
    const next = answers.shift() ?? new Response('{}')
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next)
  })
  return asked
}
const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status })
const refusal = { error: { code: 'conflict', message: 'It runs.', details: { a: 1 }, request_id: 'r-1' } }

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('address', () => {
  it('fills in the path and leaves out what has no value', () => {
    expect(address('/machines/{machine_id}/tags/{tag_text}', { machine_id: 'a', tag_text: 'x/y z' })).toBe(
      '/api/v1/machines/a/tags/x%2Fy%20z',
    )
    expect(address('/s', {}, { metric: ['a', 'b'], start: 0, stop: undefined, step: null })).toBe(
      '/api/v1/s?metric=a&metric=b&start=0',
    )
  })
})

describe('requests', () => {
  it('say that they come from the console and carry JSON', async () => {
    const asked = answer(json({ id: 'k' }, 201))
    await post('/keys', { body: { name: 'k' } })
    expect(asked[0]?.init).toMatchObject({ method: 'POST', body: '{"name":"k"}', credentials: 'same-origin' })
    expect(asked[0]?.init.headers).toMatchObject({ 'X-Mist-Console': '1', 'Content-Type': 'application/json' })
  })
  it('have no header of their own when they only read, or nothing that was fetched early would answer them', async () => {
    const asked = answer(json({}))
    await get('/me', {})
    expect(asked[0]?.init.headers).toEqual({ Accept: 'application/json' })
  })
  it('answer nothing for 204', async () => {
    answer(new Response(null, { status: 204 }))
    expect(await del('/keys/{key_id}', { path: { key_id: 'k' } })).toBeUndefined()
  })
  it('throw what the service says', async () => {
    answer(json(refusal, 409))
    await expect(get('/me', {})).rejects.toMatchObject({
      ...{ code: 'conflict', message: 'It runs.', details: { a: 1 }, requestId: 'r-1', status: 409 },
    })
  })
  it('do not show the page of a proxy', async () => {
    answer(new Response('<html>Bad gateway', { status: 502, headers: { 'X-Request-Id': 'r-2' } }))
    const error: unknown = await get('/me', {}).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 502, requestId: 'r-2' })
    expect(String(error)).not.toContain('<')
    answer(new Response('<html>', { status: 200 }))
    await expect(get('/me', {})).rejects.toMatchObject({ code: 'bad_answer' })
  })
  it('are sent once more when they only read', async () => {
    const asked = answer(new TypeError('network'), json({ items: [], next_cursor: null }), new TypeError('network'))
    expect((await get('/keys', {})).items).toEqual([])
    await expect(post('/keys', { body: { name: 'k' } })).rejects.toBeInstanceOf(ServerLost)
    expect(asked.map(({ init }) => init.method)).toEqual(['GET', 'GET', 'POST'])
  })
  it('tell who watches', async () => {
    const told: string[] = []
    watch({ signedOut: () => told.push('out'), answered: () => told.push('answered'), lost: () => told.push('lost') })
    answer(new TypeError('network'), new TypeError('network'), json(refusal, 401), json(refusal, 401))
    await expect(get('/me', {})).rejects.toBeInstanceOf(ServerLost)
    await expect(get('/keys', {})).rejects.toBeInstanceOf(ApiError)
    await expect(post('/sessions', { body: { email: 'a', password: 'b' } })).rejects.toBeInstanceOf(ApiError)
    expect(told).toEqual(['lost', 'answered', 'out', 'answered'])
  })
})

describe('getAll', () => {
  it('reads page after page', async () => {
    const asked = answer(json({ items: [{ id: '1' }], next_cursor: 'c/2' }), json({ items: [{ id: '2' }], next_cursor: null }))
    const pages: number[] = []
    const keys = await getAll('/keys', {}, (page) => pages.push(page.items.length))
    expect(keys.map((key) => key.id)).toEqual(['1', '2'])
    expect(pages).toEqual([1, 1])
    expect(asked.map(({ url }) => url)).toEqual(['/api/v1/keys?limit=1000', '/api/v1/keys?limit=1000&cursor=c%2F2'])
  })
})
