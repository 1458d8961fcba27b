/** The columns that the table of machines can show. */
import type { Machine, Now } from '../../api/types'
import type { Column } from '../../components/table'
import { CPU, RAM } from '../../state/monitored.svelte'

export type ColumnKey =
  'name' | 'state' | 'cpu' | 'ram' | 'backend' | 'address' | 'size' | 'location' | 'image' | 'tags' | 'created' | 'id'

type Plain = Omit<Column<Machine>, 'cell'> & { key: ColumnKey }

const USUAL: readonly ColumnKey[] = ['name', 'state', 'cpu', 'ram', 'backend', 'address', 'size', 'tags', 'created']

export const address = (machine: Machine): string => machine.public_ips[0] ?? machine.private_ips[0] ?? ''

export function columns(now: ReadonlyMap<string, Now>): Plain[] {
  const value = (metric: string) => (machine: Machine) => now.get(machine.id)?.metrics[metric] ?? null
  const field = (key: ColumnKey, title: string, width: string, text: (machine: Machine) => string): Plain => ({
    ...{ key, title, width, text },
    sort: text,
  })
  return [
    field('name', 'Name', 'minmax(180px, 2.2fr)', (machine) => machine.name),
    field('state', 'State', '112px', (machine) => machine.state),
    { key: 'cpu', title: 'CPU', width: '112px', sort: value(CPU) },
    { key: 'ram', title: 'Memory', width: '112px', sort: value(RAM) },
    field('backend', 'Backend', 'minmax(96px, 1fr)', (machine) => machine.backend_name),
    field('address', 'Address', 'minmax(116px, 1fr)', address),
    field('size', 'Size', 'minmax(72px, 0.7fr)', (machine) => machine.size ?? ''),
    field('location', 'Location', 'minmax(90px, 0.8fr)', (machine) => machine.location ?? ''),
    field('image', 'Image', 'minmax(110px, 1fr)', (machine) => machine.image ?? ''),
    { key: 'tags', title: 'Tags', width: 'minmax(120px, 1.4fr)' },
    { key: 'created', title: 'Created', width: '92px', sort: (machine) => machine.created_at },
    field('id', 'Id', 'minmax(120px, 1fr)', (machine) => machine.id),
  ]
}

/** The columns shown unless others are chosen: the usual ones that any machine has something for. */
export function usualKeys(machines: readonly Machine[], anyMonitored: boolean): ReadonlySet<ColumnKey> {
  const keys = new Set(USUAL)
  if (!anyMonitored) for (const key of ['cpu', 'ram'] as const) keys.delete(key)
  if (!machines.some(({ size }) => size !== null)) keys.delete('size')
  if (!machines.some(({ tags }) => tags.length > 0)) keys.delete('tags')
  return keys
}

/** Which columns the address asks for, the usual ones without. */
export function chosenKeys(text: string | null, usual: ReadonlySet<ColumnKey>): ReadonlySet<ColumnKey> {
  if (text === null) return usual
  return new Set(['name', ...(text.split(',') as ColumnKey[])])
}

/** The address's word for a choice of columns; null for the usual one. */
export function keysText(keys: ReadonlySet<ColumnKey>, usual: ReadonlySet<ColumnKey>): string | null {
  const same = keys.size === usual.size && [...usual].every((key) => keys.has(key))
  return same ? null : [...keys].join(',')
}
