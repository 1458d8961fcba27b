import { expect, it } from 'vitest'

import type { Metric } from '../../api/types'
import { chosen, kindOf } from './metrics'

const metric = (id: string, changes: Partial<Metric> = {}): Metric =>
  ({ id, name: id, shown: false, loadable: false, ...changes }) as Metric
const all = [
  metric('load.shortterm', { name: 'Load', shown: true }),
  metric('mist.python.sold', { name: 'Sold', shown: true }),
  metric('df.root.df_complex.free', { name: 'Df root free' }),
  metric('ping', { loadable: true }),
]

it('tells what a metric is', () => {
  expect(all.map(kindOf)).toEqual(['builtin', 'shown', 'there', 'loadable'])
})
it('finds by every word, in name and id, of one kind', () => {
  expect(chosen(all, 'free DF', '').map((each) => each.id)).toEqual(['df.root.df_complex.free'])
  expect(chosen(all, '', 'loadable').map((each) => each.id)).toEqual(['ping'])
  expect(chosen(all, 'sold', 'builtin')).toEqual([])
})
