/** What a backend offers, read whole: every page of a listing, with its age. */
import { get } from '../../api/client'
import type { Answer, Trouble } from '../../api/types'
import { money } from '../../text/units'

export type Image = Answer<'Image'>
export type Size = Answer<'Size'>
export type Location = Answer<'Location'>
export type Network = Answer<'Network'>
export type Catalog<T> = { items: T[]; read_at: string; trouble: Trouble | null }
type Page<T> = Catalog<T> & { next_cursor: string | null }
type Asked = { refresh?: boolean; search?: string; signal: AbortSignal }

const LIMIT = 1000
export const HOURS = 730 // of an average month; prices are by the hour

async function whole<T>(read: (cursor: string | null) => Promise<Page<T>>): Promise<Catalog<T>> {
  const first = await read(null)
  const items = [...first.items]
  let cursor = first.next_cursor
  while (cursor !== null) {
    const page = await read(cursor)
    items.push(...page.items)
    cursor = page.next_cursor
  }
  return { items, read_at: first.read_at, trouble: first.trouble }
}

const query = ({ refresh, search }: Asked, cursor: string | null): object => ({
  limit: LIMIT,
  ...(refresh ? { refresh } : {}),
  ...(search ? { search } : {}),
  ...(cursor === null ? {} : { cursor }),
})

export const images = (backend_id: string, asked: Asked): Promise<Catalog<Image>> =>
  whole((cursor) => get('/backends/{backend_id}/images', { path: { backend_id }, query: query(asked, cursor), signal: asked.signal }))
export const sizes = (backend_id: string, asked: Asked): Promise<Catalog<Size>> =>
  whole((cursor) => get('/backends/{backend_id}/sizes', { path: { backend_id }, query: query(asked, cursor), signal: asked.signal }))
export const locations = (backend_id: string, asked: Asked): Promise<Catalog<Location>> =>
  whole((cursor) => get('/backends/{backend_id}/locations', { path: { backend_id }, query: query(asked, cursor), signal: asked.signal }))
export const networks = (backend_id: string, asked: Asked): Promise<Catalog<Network>> =>
  whole((cursor) => get('/backends/{backend_id}/networks', { path: { backend_id }, query: query(asked, cursor), signal: asked.signal }))

/** Sizes that have every word in name or id. */
export function fitting(all: readonly Size[], typed: string): Size[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return [...all]
  return all.filter((each) => {
    const text = `${each.name} ${each.id}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** `$4.51`, by the month; cheap hours keep the digits that count. */
export const monthly = (size: Size): string =>
  size.price === null ? '' : money(size.price * HOURS, size.currency ?? '')

export function hourly(size: Size): string {
  if (size.price === null) return ''
  const text = size.price >= 1 ? size.price.toFixed(2) : String(Number(size.price.toPrecision(3)))
  return `${text} ${size.currency ?? ''}`.trim()
}

export const ram = (size: Size): string =>
  size.ram_mb === null ? '' : size.ram_mb % 1024 === 0 || size.ram_mb > 4096 ? `${trim(size.ram_mb / 1024)} GiB` : `${String(size.ram_mb)} MiB`

const trim = (value: number): string => String(Number(value.toFixed(1)))
export const disk = (size: Size): string => (size.disk_gb ? `${String(size.disk_gb)} GB` : '')
export const cores = (size: Size): string => (size.cores === null ? '' : String(size.cores))
