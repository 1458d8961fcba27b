import { expect, it } from 'vitest'

import { extras } from './extras'

it('shows what says something, by name, in one line each', () => {
  const shown = extras({ zone_id: 'a', empty: '', none: null, list: ['x', 'y'], bag: {}, deep: { a: 1 }, on: false, n: 0 })
  expect(shown).toEqual([
    ['deep', '{"a":1}'],
    ['list', 'x, y'],
    ['n', '0'],
    ['on', 'false'],
    ['zone id', 'a'],
  ])
  expect(extras({ long: 'x'.repeat(9999) })[0]?.[1].length).toBe(401)
})
