/** The sizes that a backend offers. The API's document leaves the items of catalogs open, so they are named here. */
import { getAll } from '../../api/client'
import type { OfferedSize } from '../../api/types'
import { money } from '../../text/units'

export type Size = Pick<OfferedSize, 'id' | 'name' | 'cores' | 'ram_mb' | 'disk_gb' | 'price' | 'currency'>

export async function sizesOf(backendId: string, signal?: AbortSignal): Promise<Size[]> {
  const path = { backend_id: backendId }
  return (await getAll('/backends/{backend_id}/sizes', { path, ...(signal ? { signal } : {}) })) as unknown as Size[]
}

/** `t3.small · 2 cores · 2 GB · 20 GB disk · $0.02/h`, of what is known. */
export function sizeText(size: Size): string {
  const { cores, ram_mb: ram, disk_gb: disk, price, currency } = size
  const parts = [
    size.name,
    cores ? `${String(cores)} ${cores === 1 ? 'core' : 'cores'}` : '',
    ram ? (ram >= 1024 ? `${String(Number((ram / 1024).toFixed(1)))} GB` : `${String(ram)} MB`) : '',
    disk ? `${String(disk)} GB disk` : '',
    price !== null && currency !== null ? `${money(price, currency)}/h` : '',
  ]
  return parts.filter(Boolean).join(' · ')
}
