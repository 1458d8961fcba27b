/** Times: relative where the age matters, local otherwise, UTC always at hand. */

const STEPS: [limit: number, size: number, unit: string][] = [
  [60, 1, 's'],
  [3600, 60, 'min'],
  [86_400, 3600, 'h'],
  [86_400 * 14, 86_400, 'd'],
]

const LAG = 8

/** `12 s ago`, `in 3 h`; further away than two weeks, the day. `now` may lag by some seconds behind what just happened. */
export function ago(at: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - at.getTime()) / 1000)
  const size = Math.abs(seconds)
  if (size < 3 || (seconds < 0 && size < LAG)) return 'now'
  const step = STEPS.find(([limit]) => size < limit)
  if (!step) return day(at)
  const text = `${String(Math.trunc(size / step[1]))} ${step[2]}`
  return seconds > 0 ? `${text} ago` : `in ${text}`
}

/** `2026-11-25`, local. */
export function day(at: Date): string {
  return `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}

/** `14:05:09`, local, always of 24 hours. */
export function clock(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

export const stamp = (at: Date): string => `${day(at)} ${clock(at)}`

/** `2026-11-25 14:05:09 UTC`. */
export const utc = (at: Date): string => at.toISOString().replace('T', ' ').replace(/\.\d+Z$/, ' UTC')

/** `45 s`, `3 min 5 s`, `2 h 10 min`, `5 d 3 h`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const sizes: [number, string][] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ]
  const at = sizes.findIndex(([size]) => whole >= size)
  if (at < 0) return '0 s'
  const [[size, unit] = [1, 's'], next] = sizes.slice(at, at + 2)
  const first = `${String(Math.floor(whole / size))} ${unit}`
  const rest = next ? Math.floor((whole % size) / next[0]) : 0
  return rest > 0 && next ? `${first} ${String(rest)} ${next[1]}` : first
}

const two = (value: number): string => String(value).padStart(2, '0')
