/** What the machines cost in a month, as far as the prices of their sizes are known. */
import type { Machine, OfferedSize } from '../../api/types'

const HOURS = 730 // of an average month; prices are by the hour

export type Cost = { currency: string; amount: number }
export type Estimate = { costs: Cost[]; priced: number; unpriced: number }

type Sized = Pick<Machine, 'backend_id' | 'size' | 'state'>
type Priced = Pick<OfferedSize, 'backend_id' | 'id' | 'name' | 'price' | 'currency'>

/** Machines that are gone count nowhere; stopped ones do, since most providers go on charging for them. */
export function estimate(machines: readonly Sized[], sizes: readonly Priced[]): Estimate {
  const prices = new Map<string, Priced>()
  for (const size of sizes) {
    if (size.price === null) continue
    prices.set(placeOf(size.backend_id, size.name), size)
  }
  for (const size of sizes) {
    if (size.price !== null) prices.set(placeOf(size.backend_id, size.id), size)
  }
  const sums = new Map<string, number>()
  let priced = 0
  let unpriced = 0
  for (const machine of machines) {
    if (machine.state === 'terminated') continue
    const size = machine.size === null ? undefined : prices.get(placeOf(machine.backend_id, machine.size))
    if (size?.price == null) unpriced += 1
    else {
      priced += 1
      const currency = size.currency ?? ''
      sums.set(currency, (sums.get(currency) ?? 0) + size.price * HOURS)
    }
  }
  const costs = [...sums].map(([currency, amount]) => ({ currency, amount })).sort((a, b) => b.amount - a.amount)
  return { costs, priced, unpriced }
}

const placeOf = (backend: string, size: string): string => `${backend} ${size}`
