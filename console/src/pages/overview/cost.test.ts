import { expect, it } from 'vitest'

import { estimate } from './cost'

const size = (backend_id: string, id: string, price: number | null, currency = 'EUR') => ({
  ...{ backend_id, id, name: `size ${id}`, price, currency },
})
const machine = (backend_id: string, named: string | null, state = 'running') =>
  ({ backend_id, size: named, state }) as Parameters<typeof estimate>[0][number]

it('adds up hours of a month by currency', () => {
  const sizes = [size('a', 's', 0.01), size('a', 'm', 0.02), size('b', 's', 1, 'USD'), size('b', 'x', null)]
  const machines = [machine('a', 's'), machine('a', 'size m', 'stopped'), machine('b', 's'), machine('b', 'x'), machine('c', 's')]
  const { costs, priced, unpriced } = estimate([...machines, machine('a', null), machine('a', 's', 'terminated')], sizes)
  expect(costs.map(({ currency }) => currency)).toEqual(['USD', 'EUR'])
  expect(costs[1]?.amount).toBeCloseTo(21.9)
  expect([priced, unpriced]).toEqual([3, 3])
})

it('knows nothing without prices', () => {
  expect(estimate([machine('a', 's')], [])).toEqual({ costs: [], priced: 0, unpriced: 1 })
})
