/** Matching addresses against patterns such as `/machines/:id`, and building addresses from them. */

export type ParamsOf<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? Record<Name | keyof ParamsOf<Rest>, string>
  : P extends `${string}:${infer Name}`
    ? Record<Name, string>
    : object

export type Params = Record<string, string>
export type Query = Record<string, string | number | boolean | null | undefined>

/** The parameters of `pathname` under `pattern`; null when it is another address. */
export function match(pattern: string, pathname: string): Params | null {
  const wanted = parts(pattern)
  const given = parts(pathname)
  if (wanted.length !== given.length) return null
  const params: Params = {}
  for (const [at, part] of wanted.entries()) {
    const value = given[at] ?? ''
    if (part.startsWith(':')) {
      const text = decoded(value)
      if (text === null) return null
      params[part.slice(1)] = text
    } else if (part !== value) return null
  }
  return params
}

/** The first pattern that matches, literal parts before parameters. */
export function find(patterns: Record<string, string>, pathname: string): { name: string; params: Params } | null {
  const ordered = Object.entries(patterns).sort(([, a], [, b]) => count(a) - count(b))
  for (const [name, pattern] of ordered) {
    const params = match(pattern, pathname)
    if (params) return { name, params }
  }
  return null
}

export function build(pattern: string, params: Params = {}, query: Query = {}): string {
  const path = pattern.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  return path + search(query)
}

/** `?a=b`, or '' without a value; false, '' , null and undefined are left out. */
export function search(query: Query): string {
  const values = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '' && value !== false) values.set(name, String(value))
  }
  return values.size > 0 ? `?${values.toString()}` : ''
}

/** An address of this console that a link brought, else `/`: never one of another host. */
export function ownAddress(text: string | null): string {
  return text !== null && /^\/(?![/\\])[^\\\s]*$/.test(text) ? text : '/'
}

const parts = (path: string): string[] => path.split('/').filter((part) => part !== '')
const count = (pattern: string): number => pattern.split(':').length

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
