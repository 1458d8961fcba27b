/** What a machine may become: the sizes of its backend but its own, the cheapest first. */
import { sorted } from '../../components/windowing'
import { cores, disk, monthly, ram, type Size } from '../backends/catalog'

export function others(sizes: readonly Size[], own: string | null): Size[] {
  return sorted(sizes.filter(({ id, name }) => id !== own && name !== own), (size) => size.price, false)
}

/** `t3.small · US$17.52 a month · 2 cores · 2 GiB`, of what is known. */
export function sizeText(size: Size): string {
  const month = monthly(size)
  const count = cores(size)
  const parts = [size.name, month && `${month} a month`, count && `${count} ${count === '1' ? 'core' : 'cores'}`, ram(size), disk(size)]
  return parts.filter(Boolean).join(' · ')
}
