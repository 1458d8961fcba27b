import { expect, it } from 'vitest'

import type { Backend, Machine } from '../../api/types'
import { byBackend, tally } from './tally'

const machine = (state: string, backend_id = 'a') => ({ state, backend_id }) as Machine
const backend = (id: string) => ({ id, name: id }) as Backend

it('counts states in a fixed order and leaves out what is not there', () => {
  expect(tally([machine('stopped'), machine('running'), machine('stopped')])).toEqual([
    { state: 'running', count: 1 },
    { state: 'stopped', count: 2 },
  ])
})

it('shows every backend, also an empty one, the fullest first', () => {
  const rows = byBackend([backend('a'), backend('b'), backend('c')], [machine('running', 'b'), machine('error', 'gone')])
  expect(rows.map(({ backend: { id }, total }) => [id, total])).toEqual([['b', 1], ['a', 0], ['c', 0]])
})
