/** What a provider says of a machine beyond the common facts, as lines: nothing empty, nothing endless. */

const LONGEST = 400

export function extras(extra: Record<string, unknown>): [term: string, text: string][] {
  return Object.entries(extra)
    .map(([term, value]): [string, string] => [term.replaceAll('_', ' '), textOf(value)])
    .filter(([, text]) => text !== '')
    .sort(([a], [b]) => a.localeCompare(b))
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value) && value.every((each) => typeof each !== 'object')) return cut(value.map(String).join(', '))
  if (typeof value === 'object') return Object.keys(value).length === 0 ? '' : cut(JSON.stringify(value))
  return cut(String(value as string | number | boolean))
}

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)
