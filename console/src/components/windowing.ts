/** Which rows of a long list are in view, and where the keyboard goes in it. */

export type Slice = { first: number; end: number }

const BEYOND = 8 // rows kept ready above and below

export function slice(total: number, row: number, scrolled: number, height: number): Slice {
  const first = Math.max(0, Math.floor(scrolled / row) - BEYOND)
  const end = Math.min(total, Math.ceil((scrolled + height) / row) + BEYOND)
  return { first: Math.min(first, Math.max(0, total - 1)), end: Math.max(end, 0) }
}

/** How many rows can be in a slice; row `index` takes the place of the row that many before it. */
export const placesOf = (row: number, height: number): number => Math.ceil(height / row) + 2 * BEYOND + 2

/** The row that a key leads to from `at` (-1: none yet); null when the key leads nowhere. */
export function step(key: string, at: number, total: number, page: number): number | null {
  if (total === 0) return null
  const to = {
    ArrowDown: at + 1,
    ArrowUp: Math.max(at, 1) - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: total - 1,
  }[key]
  return to === undefined ? null : Math.max(0, Math.min(total - 1, to))
}

/** How far to scroll so that row `at` is in view; null when it is already. */
export function reveal(at: number, row: number, scrolled: number, height: number): number | null {
  const top = at * row
  if (top < scrolled) return top
  if (top + row > scrolled + height) return top + row - height
  return null
}

/** The least width of a table, from the first number of pixels in each of its tracks. */
export function leastWidth(tracks: readonly string[], gap: number, around: number): number {
  const sizes = tracks.map((track) => Number(/([\d.]+)px/.exec(track)?.[1] ?? 0))
  return sizes.reduce((sum, size) => sum + size, 0) + gap * (sizes.length - 1) + around
}

export type Sort = { key: string; desc: boolean }
type Value = string | number | null | undefined

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/** Rows in order of `value`; those without one come last, either way round. */
export function sorted<T>(rows: readonly T[], value: (row: T) => Value, desc: boolean): T[] {
  const sign = desc ? -1 : 1
  return rows
    .map((row) => ({ row, value: value(row) }))
    .sort((a, b) => {
      const noA = a.value === null || a.value === undefined || a.value === ''
      const noB = b.value === null || b.value === undefined || b.value === ''
      if (noA || noB) return Number(noA) - Number(noB)
      return sign * compare(a.value, b.value)
    })
    .map(({ row }) => row)
}

function compare(a: Value, b: Value): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b))
}

/** `name` or `name:desc`, as in the address. */
export function parseSort(text: string | null, keys: readonly string[], otherwise: Sort): Sort {
  const [key = '', way] = (text ?? '').split(':')
  return keys.includes(key) ? { key, desc: way === 'desc' } : otherwise
}

export const sortText = (sort: Sort): string => (sort.desc ? `${sort.key}:desc` : sort.key)

/** The rows chosen after `key` was toggled; with `anchor`, all from there to `key` become chosen. */
export function toggled(
  chosen: ReadonlySet<string>,
  keys: readonly string[],
  key: string,
  anchor: string | null = null,
): Set<string> {
  const next = new Set(chosen)
  const from = anchor === null ? -1 : keys.indexOf(anchor)
  const to = keys.indexOf(key)
  if (from >= 0 && to >= 0) {
    for (const each of keys.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(each)
  } else if (!next.delete(key)) next.add(key)
  return next
}
