/** Which part of time the graphs show: a range that ends now and moves on, or a span that was zoomed into. */

export type Range = { key: string; text: string; seconds: number }
/** Seconds since 1970. */
export type Span = { from: number; to: number }

const HOUR = 3600
const DAY = 86_400

export const RANGES: readonly Range[] = [
  { key: '10min', text: '10 min', seconds: 600 },
  { key: '1h', text: '1 h', seconds: HOUR },
  { key: '6h', text: '6 h', seconds: 6 * HOUR },
  { key: '24h', text: '24 h', seconds: DAY },
  { key: '7d', text: '7 d', seconds: 7 * DAY },
  { key: '30d', text: '30 d', seconds: 30 * DAY },
  { key: '1y', text: '1 year', seconds: 365 * DAY },
]

const USUAL: Range = { key: '1h', text: '1 h', seconds: HOUR }
const MOST_POINTS = 1500
const LEAST_SPAN_S = 10
const STEPS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, DAY]

export const rangeOf = (key: string | null): Range => RANGES.find((each) => each.key === key) ?? USUAL

/** Seconds between points: never finer than samples come, and few enough that each still has a pixel. */
export function stepFor(seconds: number, interval: number): number {
  const least = Math.max(interval, seconds / MOST_POINTS)
  const nice = STEPS.find((step) => step >= least && step % interval === 0)
  return nice ?? Math.ceil(least / interval) * interval
}

/** A span from the address, `1764000000-1764003600`; null when it is none. */
export function parseSpan(text: string | null): Span | null {
  const found = /^(\d{1,10})-(\d{1,10})$/.exec(text ?? '')
  if (!found) return null
  const span = { from: Number(found[1]), to: Number(found[2]) }
  return span.to - span.from >= LEAST_SPAN_S ? span : null
}

export const spanText = (span: Span): string => `${String(Math.floor(span.from))}-${String(Math.ceil(span.to))}`

/** The span moved by `share` of itself (negative: earlier), never beyond `now`. */
export function moved(span: Span, share: number, now: number): Span {
  const by = Math.min((span.to - span.from) * share, now - span.to)
  return { from: span.from + by, to: span.to + by }
}

/** The span made longer or shorter around its middle. */
export function scaled(span: Span, factor: number, now: number): Span {
  const half = Math.max(LEAST_SPAN_S, (span.to - span.from) * factor) / 2
  const middle = (span.from + span.to) / 2
  const to = Math.min(middle + half, now)
  return { from: to - half * 2, to }
}
