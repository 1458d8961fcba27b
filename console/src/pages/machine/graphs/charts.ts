/** Which metrics stand together in one graph, and what rules say about them. */
import type { Alert, Rule } from '../../../api/types'
import type { Span } from './ranges'
import type { Meta } from './series'

export type Line = { id: string; label: string }
export type Chart = { key: string; title: string; unit: string; lines: Line[]; floor: number | null; ceiling: number | null }

type Group = { key: string; title: string; lines: [id: string, label: string][] }

const GROUPS: Group[] = [
  { key: 'cpu', title: 'CPU', lines: [['cpu.total.nonidle', 'CPU']] },
  {
    key: 'load',
    title: 'Load',
    lines: [
      ['load.shortterm', '1 min'],
      ['load.midterm', '5 min'],
      ['load.longterm', '15 min'],
    ],
  },
  { key: 'memory', title: 'Memory', lines: [['memory.nonfree_percent', 'Used']] },
  {
    key: 'disk',
    title: 'Disks',
    lines: [
      ['disk.total.disk_octets.read', 'Read'],
      ['disk.total.disk_octets.write', 'Write'],
    ],
  },
  {
    key: 'network',
    title: 'Network',
    lines: [
      ['interface.total.if_octets.rx', 'In'],
      ['interface.total.if_octets.tx', 'Out'],
    ],
  },
]

/** The builtin ones in their groups, then each metric that was added in a graph of its own. */
export function chartsOf(metas: ReadonlyMap<string, Meta>): Chart[] {
  const grouped = GROUPS.map(({ key, title, lines }) => {
    const there = lines.filter(([id]) => metas.has(id)).map(([id, label]) => ({ id, label }))
    return chart(key, title, there, metas)
  })
  const known = new Set(GROUPS.flatMap(({ lines }) => lines.map(([id]) => id)))
  const own = [...metas].filter(([id]) => !known.has(id)).sort(([, a], [, b]) => a.priority - b.priority)
  const single = own.map(([id, { name }]) => chart(id, name, [{ id, label: name }], metas))
  return [...grouped, ...single].filter(({ lines }) => lines.length > 0)
}

function chart(key: string, title: string, lines: Line[], metas: ReadonlyMap<string, Meta>): Chart {
  const meta = metas.get(lines[0]?.id ?? '')
  const isPercent = meta?.unit === '%'
  return { key, title, unit: meta?.unit ?? '', lines, floor: meta?.min_value ?? null, ceiling: isPercent ? 100 : null }
}

/** What metrics were called in Mist's first API; rules may still say so. */
const EARLIER: Record<string, string> = {
  cpu: 'cpu.total.nonidle',
  load: 'load.shortterm',
  ram: 'memory.nonfree_percent',
  'disk-read': 'disk.total.disk_octets.read',
  'disk-write': 'disk.total.disk_octets.write',
  'network-rx': 'interface.total.if_octets.rx',
  'network-tx': 'interface.total.if_octets.tx',
}

/** A rule as it is drawn: its threshold, how it stands, and when it fired. */
export type Limit = { rule: Rule; value: number; state: 'quiet' | 'pending' | 'firing'; fired: Span[] }

/** The rules that hold for a machine: its own, and those of its tags. */
export function rulesFor(rules: readonly Rule[], machineId: string, tags: readonly string[]): Rule[] {
  return rules.filter((rule) => rule.machine_id === machineId || (rule.tag !== null && tags.includes(rule.tag)))
}

export function limitsOf(shown: Chart, rules: readonly Rule[], alerts: readonly Alert[], now: number): Limit[] {
  const ids = new Set(shown.lines.map(({ id }) => id))
  const about = rules.filter((rule) => rule.enabled && ids.has(EARLIER[rule.metric] ?? rule.metric))
  return about.map((rule) => {
    const own = alerts.filter((alert) => alert.rule_id === rule.id)
    return { rule, value: rule.value, state: stateOf(own), fired: own.flatMap((alert) => firedSpan(alert, now)) }
  })
}

/** When an alert fired, up to `now` while it does; none for one that only waits. */
export function firedSpan(alert: Alert, now: number): Span[] {
  if (alert.fired_at === null) return []
  const to = alert.resolved_at === null ? now : seconds(alert.resolved_at)
  return [{ from: seconds(alert.fired_at), to: Math.max(to, seconds(alert.fired_at)) }]
}

export function stateOf(alerts: readonly Alert[]): Limit['state'] {
  if (alerts.some((alert) => alert.state === 'firing')) return 'firing'
  return alerts.some((alert) => alert.state === 'pending') ? 'pending' : 'quiet'
}

const seconds = (text: string): number => new Date(text).getTime() / 1000
