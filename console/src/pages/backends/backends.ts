/** Backends with what is known of their machines, for lists and their filter. */
import type { Backend, Description, Machine } from '../../api/types'
import { count } from '../../text/units'

export type Row = { backend: Backend; provider: string; machines: number; running: number }

export function rowsOf(backends: readonly Backend[], machines: readonly Machine[], providers: readonly Description[]): Row[] {
  const titles = new Map(providers.map((each) => [each.id, each.title]))
  const counted = new Map<string, { machines: number; running: number }>()
  for (const { backend_id, state } of machines) {
    const so = counted.get(backend_id) ?? { machines: 0, running: 0 }
    so.machines += 1
    if (state === 'running') so.running += 1
    counted.set(backend_id, so)
  }
  return backends.map((backend) => ({
    backend,
    provider: titles.get(backend.provider) ?? backend.provider,
    ...(counted.get(backend.id) ?? { machines: 0, running: 0 }),
  }))
}

/** Every word in the name, provider, region or state; `trouble` finds those that have some. */
export function matches(row: Row, typed: string): boolean {
  const { backend, provider } = row
  const text = `${backend.name} ${provider} ${backend.provider} ${backend.region ?? ''} ${stateText(backend)}`.toLowerCase()
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}

/** The state in words. */
export function stateText(backend: Backend): string {
  if (!backend.enabled) return 'disabled'
  return backend.trouble || backend.state === 'error' ? 'in trouble' : 'online'
}

/** For the colour beside the words. */
export const stateOf = (backend: Backend): string =>
  !backend.enabled ? 'offline' : backend.trouble ? 'error' : backend.state

/** What will happen when a backend is deleted, a line each. */
export function deleting(backend: Backend, machines: number): string[] {
  const lines = [`Mist forgets ${backend.name} with its credentials. At the provider nothing changes: machines go on as they are.`]
  if (machines > 0) {
    lines.push(
      `${count(machines, 'machine')} ${machines === 1 ? 'disappears' : 'disappear'} from Mist, with tags that only Mist keeps, ` +
        'monitoring data and rules. Keys stay.',
    )
  }
  return lines
}
