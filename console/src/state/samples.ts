/** The last values of a metric, as the line of a sparkline needs them. */

export type Point = [second: number, value: number | null]

const MOST_S = 600

/** `points` with a newer one; what is older than ten minutes goes. */
export function extended(points: readonly Point[], second: number, value: number | null): Point[] {
  const last = points.at(-1)
  if (last && last[0] >= second) return [...points]
  return [...points.filter(([at]) => at > second - MOST_S), [second, value]]
}

/**
 * Lines through the points in a box of `width` by `height`, from `low` to `high`; a gap begins a new line. Empty lines
 * and single points are left out.
 */
export function lines(points: readonly Point[], box: { width: number; height: number; low: number; high: number }): string[] {
  const first = points[0]?.[0] ?? 0
  const span = Math.max(1, (points.at(-1)?.[0] ?? 0) - first)
  const made: string[][] = [[]]
  for (const [at, value] of points) {
    if (value === null) {
      made.push([])
      continue
    }
    const part = Math.max(0, Math.min(1, (value - box.low) / (box.high - box.low || 1)))
    const x = ((at - first) / span) * box.width
    const y = box.height - part * box.height
    made.at(-1)?.push(`${x.toFixed(1)},${y.toFixed(1)}`)
  }
  return made.filter((line) => line.length > 1).map((line) => line.join(' '))
}
