/** What stands at the axes of a graph: where they begin and end, and the words at their ticks. */
import { clock } from '../../../text/times'
import { quantity } from '../../../text/units'

const DAY = 86_400
const LEAST_PERCENT = 5
const AIR = 1.08
/** How far above the data a threshold may lie and still be in sight: further away it would flatten the line. */
const REACH = 4

export type Extent = { floor: number | null; ceiling: number | null; limits: readonly number[] }

/** The least and greatest value of the vertical axis for what is to be seen. */
export function verticalRange(min: number | null, max: number | null, extent: Extent): [number, number] {
  const { floor, ceiling, limits } = extent
  const top = Math.max(max ?? 0, ceiling === null ? 0 : LEAST_PERCENT)
  const near = limits.filter((limit) => ceiling !== null || limit <= top * REACH)
  let high = Math.max(top, ...near)
  let low = floor ?? Math.min(min ?? 0, ...near)
  if (min !== null && min < low) low = min
  if (high <= low) high = low + (low === 0 ? 1 : Math.abs(low))
  high = low + (high - low) * AIR
  if (floor === null && low !== 0) low -= (high - low) * (AIR - 1)
  return [low, ceiling !== null && top <= ceiling ? Math.min(high, ceiling) : high]
}

/** Ticks of values: with their unit, and all with the scale of the greatest, so that they can be compared. */
export function valueLabels(ticks: readonly number[], unit: string): string[] {
  return ticks.map((tick) => quantity(Math.abs(tick) < 1e-12 ? 0 : Number(tick.toPrecision(6)), unit))
}

/** Ticks of time, local and of 24 hours; the day below the first one and wherever it changes. */
export function timeLabels(ticks: readonly number[], step: number): string[] {
  let before = ''
  return ticks.map((tick) => {
    const at = new Date(tick * 1000)
    if (step >= 27 * DAY) return month.format(at)
    const today = date.format(at)
    if (step >= DAY) return today
    const time = step < 60 ? clock(at) : clock(at).slice(0, 5)
    const changed = before !== '' && today !== before
    const isFirst = before === ''
    before = today
    return changed || (isFirst && !isToday(at)) ? `${time}\n${today}` : time
  })
}

/** For the head of a legend: when the cursor is. */
export function moment(second: number, step: number): string {
  const at = new Date(second * 1000)
  const time = step < 60 ? clock(at) : clock(at).slice(0, 5)
  return isToday(at) ? time : `${date.format(at)} ${time}`
}

const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const month = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric' })
const isToday = (at: Date): boolean => at.toDateString() === new Date().toDateString()
