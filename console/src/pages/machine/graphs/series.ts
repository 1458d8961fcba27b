/**
 * What came of a machine's metrics, on one grid of time: filled by the stats, then by points as they come. Plain
 * arrays that are changed in place, since a graph of a day has thousands of them and gets one more each second.
 */
import type { MetricStats, Stats } from '../../../api/types'
import type { Span } from './ranges'

export type Value = number | null
export type Points = Record<string, [value: Value, second: number][]>
export type Meta = Omit<MetricStats, 'datapoints'>

type Mean = { at: number; sum: number; count: number }

export class Series {
  readonly step: number
  /** Seconds between samples, as the machine is asked to send them. */
  readonly interval: number
  start: number
  length = 0
  readonly metas = new Map<string, Meta>()
  readonly values = new Map<string, Value[]>()
  #means = new Map<string, Mean>()
  #times: number[] = []

  constructor(start: number, step: number, interval: number) {
    this.start = start
    this.step = step
    this.interval = interval
  }

  get times(): number[] {
    if (this.#times.length !== this.length || this.#times[0] !== this.start) {
      this.#times = new Array<number>(this.length)
      for (let at = 0; at < this.length; at += 1) this.#times[at] = this.start + at * this.step
    }
    return this.#times
  }
  /** The second behind the last point. */
  get end(): number {
    return this.start + this.length * this.step
  }

  /** Take points as they were streamed. True when any of them is of a metric that is not known here. */
  add(points: Points): boolean {
    let unknown = false
    for (const [id, pairs] of Object.entries(points)) {
      const values = this.values.get(id)
      if (!values) unknown = true
      else for (const [value, second] of pairs) this.#put(id, values, value, second)
    }
    return unknown
  }

  /** Forget what lies before a second, in whole steps. */
  dropBefore(second: number): void {
    const many = Math.min(Math.floor((second - this.start) / this.step), this.length)
    if (many <= 0) return
    for (const values of this.values.values()) values.splice(0, many)
    this.start += many * this.step
    this.length -= many
  }

  #put(id: string, values: Value[], value: Value, second: number): void {
    const at = Math.floor((second - this.start) / this.step)
    if (at < 0 || value === null) return
    this.#reach(at)
    values[at] = this.step <= this.interval ? value : this.#mean(id, at, second, value)
  }

  /** Where a point stands for many samples it is their mean; how many are in it already follows from the time. */
  #mean(id: string, at: number, second: number, value: number): number {
    const before = this.values.get(id)?.[at] ?? null
    const begun = this.#means.get(id)
    const slot = this.start + at * this.step
    let mean = begun?.at === slot ? begun : undefined
    if (!mean) {
      const count = before === null ? 0 : Math.max(1, Math.round((second - slot) / this.interval))
      mean = { at: slot, sum: (before ?? 0) * count, count }
      this.#means.set(id, mean)
    }
    mean.sum += value
    mean.count += 1
    return mean.sum / mean.count
  }

  #reach(at: number): void {
    while (this.length <= at) {
      for (const values of this.values.values()) values.push(null)
      this.length += 1
    }
  }
}

export function seriesOf(stats: Stats, interval: number): Series {
  const longest = Object.values(stats.metrics).reduce<unknown[][]>(
    (before, { datapoints }) => (datapoints.length > before.length ? datapoints : before),
    [],
  )
  const first = longest[0]
  const series = new Series(first ? Number(first[1]) : stats.start, stats.step, interval)
  series.length = longest.length
  for (const [id, { datapoints, ...meta }] of Object.entries(stats.metrics)) {
    series.metas.set(id, meta)
    const values: Value[] = datapoints.map((pair) => (typeof pair[0] === 'number' ? pair[0] : null))
    while (values.length < series.length) values.push(null)
    series.values.set(id, values)
  }
  return series
}

/**
 * For drawing: `null` is a gap. A sample that came a moment early or late leaves one step empty although nothing is
 * missing, so shorter runs than `most` become `undefined`, over which the line goes on.
 */
export function bridged(values: readonly Value[], most: number): (number | null | undefined)[] {
  const drawn: (number | null | undefined)[] = values.slice()
  if (most < 1) return drawn
  let from = -1
  for (let at = 0; at < drawn.length; at += 1) {
    if (drawn[at] === null) continue
    if (from >= 0 && at - from - 1 > 0 && at - from - 1 <= most) drawn.fill(undefined, from + 1, at)
    from = at
  }
  return drawn
}

/** How many empty steps in a row are no gap: what two and a half intervals cover. */
export const bridgeable = (step: number, interval: number): number => Math.floor((2.5 * interval) / step)

export type Summary = { last: number | null; min: number | null; max: number | null }

/** The newest, smallest and greatest value within a span. */
export function summary(series: Series, id: string, span: Span): Summary {
  const found: Summary = { last: null, min: null, max: null }
  const values = series.values.get(id) ?? []
  const first = Math.max(0, Math.ceil((span.from - series.start) / series.step))
  const past = Math.min(values.length, Math.floor((span.to - series.start) / series.step) + 1)
  for (let at = first; at < past; at += 1) {
    const value = values[at] ?? null
    if (value === null) continue
    found.last = value
    if (found.min === null || value < found.min) found.min = value
    if (found.max === null || value > found.max) found.max = value
  }
  return found
}
