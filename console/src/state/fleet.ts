/** What of the fleet an event may have changed. */
import type { Machine, MistEvent } from '../api/types'

export type Touched = { machines: ReadonlySet<string>; all: boolean }

const WHOLE = ['machine.appeared', 'machine.disappeared', 'machine.created', 'monitoring.']

export function touched(before: Touched, event: MistEvent): Touched {
  const { kind, subject_type: type, subject_id: id } = event
  if (WHOLE.some((start) => kind.startsWith(start)) || kind.startsWith('backend.')) return { ...before, all: true }
  if (type !== 'machine' || id === null) return before
  return { ...before, machines: new Set([...before.machines, id]) }
}

/** The machines with one of them exchanged, added or (null) taken out; order is kept. */
export function apply(machines: Machine[], id: string, machine: Machine | null): Machine[] {
  if (machine === null) return machines.filter((each) => each.id !== id)
  const at = machines.findIndex((each) => each.id === id)
  return at < 0 ? [...machines, machine] : machines.with(at, machine)
}
