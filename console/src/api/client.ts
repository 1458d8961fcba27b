/**
 * One function a method, typed by the OpenAPI document:
 *
 *     const machine = await get('/machines/{machine_id}', { path: { machine_id: id } })
 *     await post('/rules', { body: { metric: 'load.shortterm', value: 4 } })
 *
 * Every one throws `ApiError` (the service refused), `ServerLost` (no answer), or an AbortError after `signal` fired.
 */
import { ask, early, type Exchanged, READING } from './early'
import { ApiError, errorOf, isAbort, ServerLost } from './errors'
import type { Filled, Paths } from './types'

const PREFIX = '/api/v1'
type Prefix = typeof PREFIX
type Method = 'get' | 'post' | 'patch' | 'put' | 'delete'

/** Paths of the API, without the prefix, that take a method. */
export type Route<M extends Method> = {
  [P in keyof Paths]: Paths[P] extends Record<M, object> ? (P extends `${Prefix}${infer Rest}` ? Rest : never) : never
}[keyof Paths]

type Operation<M extends Method, R extends Route<M>> = `${Prefix}${R}` extends keyof Paths
  ? M extends keyof Paths[`${Prefix}${R}`]
    ? Paths[`${Prefix}${R}`][M]
    : never
  : never

type Json<T> = T extends { content: { 'application/json': infer B } } ? B : undefined
type Responses<O> = O extends { responses: infer R } ? R : never
type Good<R> = { [S in keyof R]: S extends 200 | 201 | 202 | 204 ? Json<R[S]> : never }[keyof R]
export type Reply<M extends Method, R extends Route<M>> = Filled<Good<Responses<Operation<M, R>>>>

type PathOf<O> = O extends { parameters: { path: infer P } } ? { path: P } : { path?: undefined }
type QueryOf<O> = O extends { parameters: { query?: infer Q } } ? { query?: NonNullable<Q> } : object
type BodyOf<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? { body: B } : object
type Common = { signal?: AbortSignal; headers?: Record<string, string> }
export type Asked<M extends Method, R extends Route<M>> = PathOf<Operation<M, R>> &
  QueryOf<Operation<M, R>> &
  BodyOf<Operation<M, R>> &
  Common

type Plain = Common & { path?: object | undefined; query?: object; body?: unknown }

export const get = <R extends Route<'get'>>(route: R, asked: Asked<'get', R>): Promise<Reply<'get', R>> =>
  send('GET', route, asked)
export const post = <R extends Route<'post'>>(route: R, asked: Asked<'post', R>): Promise<Reply<'post', R>> =>
  send('POST', route, asked)
export const patch = <R extends Route<'patch'>>(route: R, asked: Asked<'patch', R>): Promise<Reply<'patch', R>> =>
  send('PATCH', route, asked)
export const put = <R extends Route<'put'>>(route: R, asked: Asked<'put', R>): Promise<Reply<'put', R>> =>
  send('PUT', route, asked)
export const del = <R extends Route<'delete'>>(route: R, asked: Asked<'delete', R>): Promise<Reply<'delete', R>> =>
  send('DELETE', route, asked)

type Page<T> = { items: T[]; next_cursor: string | null }
type ListRoute = { [R in Route<'get'>]: Reply<'get', R> extends Page<unknown> ? R : never }[Route<'get'>]

type ItemOf<R extends ListRoute> = Reply<'get', R> extends Page<infer T> ? T : never

/** All items of a listing, page after page; `onPage` gets each page as it comes. */
export async function getAll<R extends ListRoute>(
  route: R,
  asked: Asked<'get', R>,
  onPage?: (page: Reply<'get', R>) => void,
): Promise<ItemOf<R>[]> {
  const items: unknown[] = []
  let cursor: string | null = null
  do {
    const query: object = { limit: 1000, ...(asked as Plain).query, ...(cursor === null ? {} : { cursor }) }
    const page: Reply<'get', R> = await get(route, { ...asked, query })
    onPage?.(page)
    for (const item of (page as Page<unknown>).items) items.push(item)
    cursor = (page as Page<unknown>).next_cursor
  } while (cursor !== null)
  return items as ItemOf<R>[]
}

/** The address of a route, with its path's names filled in. Also for EventSource and links. */
export function address(route: string, path: object = {}, query: object = {}): string {
  const values = path as Record<string, unknown>
  const filled = route.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const one of value) search.append(name, String(one))
    else if (value !== undefined && value !== null) search.set(name, String(value))
  }
  return PREFIX + filled + (search.size > 0 ? `?${search.toString()}` : '')
}

type Watchers = { signedOut: () => void; answered: () => void; lost: () => void }
const nothing = (): void => undefined
let watchers: Watchers = { signedOut: nothing, answered: nothing, lost: nothing }

/** Who is told of a 401, of any answer, and of no answer. */
export function watch(given: Watchers): void {
  watchers = given
}

async function send<T>(method: string, route: string, asked: object): Promise<T> {
  const { path, query, body, signal, headers } = asked as Plain
  const { response, text } = await exchange(address(route, path, query), {
    method,
    ...READING,
    headers: {
      ...READING.headers,
      ...(method === 'GET' ? {} : { 'X-Mist-Console': '1' }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  })
  const requestId = response.headers.get('X-Request-Id') ?? ''
  if (response.ok) return parsed(text, response.status, requestId) as T
  const error = errorOf(response.status, tryParse(text), requestId)
  if (error.status === 401 && !route.startsWith('/sessions') && !route.startsWith('/setup')) watchers.signedOut()
  throw error
}

const PAUSE_MS = 200

/** A network that changes under the browser breaks what is under way: what only reads is tried once more. */
async function exchange(url: string, init: RequestInit): Promise<Exchanged> {
  for (let more = init.method === 'GET'; ; more = false) {
    try {
      const answer = await ((more ? early(url) : undefined) ?? ask(url, init))
      init.signal?.throwIfAborted()
      watchers.answered()
      return answer
    } catch (thrown) {
      if (isAbort(thrown)) throw thrown
      if (!more) {
        watchers.lost()
        throw new ServerLost()
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
}

function parsed(text: string, status: number, requestId: string): unknown {
  if (text === '') return undefined
  const value = tryParse(text)
  if (value === undefined) throw new ApiError(status, 'bad_answer', 'The answer is not from Mist.', requestId)
  return value
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
