/** The kinds of metrics of a machine, and finding some among hundreds. */
import type { Metric } from '../../api/types'

export const KINDS = {
  builtin: 'Built in',
  shown: 'Added',
  there: 'Not shown',
  loadable: 'Not loaded',
} as const
export type Kind = keyof typeof KINDS

/** Rows that are shown at once; with more, a filter helps people too. */
export const MOST = 200

const BUILTIN: ReadonlySet<string> = new Set([
  'cpu.total.nonidle',
  'load.shortterm',
  'load.midterm',
  'load.longterm',
  'memory.nonfree_percent',
  'disk.total.disk_octets.read',
  'disk.total.disk_octets.write',
  'interface.total.if_octets.rx',
  'interface.total.if_octets.tx',
])

export function kindOf(metric: Metric): Kind {
  if (metric.loadable) return 'loadable'
  if (BUILTIN.has(metric.id)) return 'builtin'
  return metric.shown ? 'shown' : 'there'
}

/** Those of a kind in which every word is found, in the order they came. */
export function chosen(metrics: readonly Metric[], text: string, kind: Kind | ''): Metric[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return metrics.filter((metric) => {
    if (kind !== '' && kindOf(metric) !== kind) return false
    const where = `${metric.name} ${metric.id}`.toLowerCase()
    return words.every((word) => where.includes(word))
  })
}
