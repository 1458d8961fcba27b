/** The columns that the table of machines can show. */
import type { Machine, Now } from '../../api/types'
import type { Column } from '../../components/table'
import { CPU, RAM } from '../../state/monitored.svelte'

export type ColumnKey =
  'name' | 'state' | 'cpu' | 'ram' | 'backend' | 'address' | 'size' | 'location' | 'image' | 'tags' | 'created' | 'id'

type Plain = Omit<Column<Machine>, 'cell'> & { key: ColumnKey }

const STANDARD: readonly ColumnKey[] = ['name', 'state', 'cpu', 'ram', 'backend', 'address', 'size', 'tags', 'created']

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

/** Which columns the address asks for, in the table's order. */
export function chosenKeys(text: string | null): ReadonlySet<ColumnKey> {
  if (text === null) return new Set(STANDARD)
  return new Set(['name', ...(text.split(',') as ColumnKey[])])
}

/** The address's word for a choice of columns; null for the standard one. */
export function keysText(keys: ReadonlySet<ColumnKey>): string | null {
  const same = keys.size === STANDARD.length && STANDARD.every((key) => keys.has(key))
  return same ? null : [...keys].join(',')
}
