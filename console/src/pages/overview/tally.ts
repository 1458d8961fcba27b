/** Machines counted by state, for all and for each backend. */
import type { Backend, Machine, MachineState } from '../../api/types'

export const ORDER: readonly MachineState[] = [
  ...(['running', 'pending', 'rebooting', 'paused', 'suspended', 'error', 'unknown', 'stopped', 'terminated'] as const),
]

export type Tally = { state: MachineState; count: number }[]
export type Row = { backend: Backend; total: number; tally: Tally }

export function tally(machines: readonly Pick<Machine, 'state'>[]): Tally {
  const counts = new Map<MachineState, number>()
  for (const { state } of machines) counts.set(state, (counts.get(state) ?? 0) + 1)
  return ORDER.flatMap((state) => {
    const count = counts.get(state) ?? 0
    return count > 0 ? [{ state, count }] : []
  })
}

/** Backends with the most machines first. */
export function byBackend(backends: readonly Backend[], machines: readonly Machine[]): Row[] {
  const groups = new Map<string, Machine[]>(backends.map(({ id }) => [id, []]))
  for (const machine of machines) groups.get(machine.backend_id)?.push(machine)
  return backends
    .map((backend) => {
      const own = groups.get(backend.id) ?? []
      return { backend, total: own.length, tally: tally(own) }
    })
    .sort((a, b) => b.total - a.total || a.backend.name.localeCompare(b.backend.name))
}
