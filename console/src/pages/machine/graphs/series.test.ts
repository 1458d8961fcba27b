import { describe, expect, it } from 'vitest'

import type { Stats } from '../../../api/types'
import { bridgeable, bridged, Series, seriesOf, summary } from './series'

const metric = (datapoints: [number | null, number][]) => ({
  name: 'Load',
  unit: '',
  min_value: 0,
  max_value: 64,
  priority: 1,
  datapoints,
})
const stats = (metrics: Stats['metrics'], step = 10): Stats => ({ machine_id: 'm', start: 100, stop: 130, step, metrics })

describe('seriesOf', () => {
  it('puts all metrics on one grid', () => {
    const series = seriesOf(stats({ a: metric([[1, 100], [null, 110], [3, 120]]), b: metric([[5, 100]]) }), 10)
    expect(series.times).toEqual([100, 110, 120])
    expect([series.values.get('a'), series.values.get('b')]).toEqual([[1, null, 3], [5, null, null]])
    expect([series.metas.get('a')?.name, series.end]).toEqual(['Load', 130])
  })
  it('is empty before anything came', () => {
    expect(seriesOf(stats({}), 10).times).toEqual([])
  })
})

describe('points as they come', () => {
  it('lengthen every metric, with gaps for what did not come', () => {
    const series = seriesOf(stats({ a: metric([[1, 100]]), b: metric([[2, 100]]) }), 10)
    expect(series.add({ a: [[7, 120]] })).toBe(false)
    expect([series.values.get('a'), series.values.get('b')]).toEqual([[1, null, 7], [2, null, null]])
  })
  it('replace a point that was there, and say that a metric is new', () => {
    const series = seriesOf(stats({ a: metric([[1, 100], [2, 110]]) }), 10)
    expect(series.add({ a: [[9, 110], [8, 90]], c: [[1, 110]] })).toBe(true)
    expect(series.values.get('a')).toEqual([1, 9])
  })
  it('are averaged where a point stands for many samples', () => {
    const series = seriesOf(stats({ a: metric([[4, 120]]) }, 60), 10)
    series.add({ a: [[10, 140]] }) // two samples with the mean 4 were there
    expect(series.values.get('a')).toEqual([6])
    series.add({ a: [[6, 150], [2, 180], [4, 190]] })
    expect(series.values.get('a')).toEqual([6, 3])
  })
  it('are dropped when they left the window', () => {
    const series = seriesOf(stats({ a: metric([[1, 100], [2, 110], [3, 120]]) }), 10)
    series.dropBefore(119)
    expect([series.start, series.values.get('a')]).toEqual([110, [2, 3]])
    series.dropBefore(9999)
    expect(series.length).toBe(0)
  })
})

describe('gaps', () => {
  it('are bridged when they are shorter than samples can be late', () => {
    expect(bridged([1, null, 2, null, null, null, 3, null], 2)).toEqual([1, undefined, 2, null, null, null, 3, null])
    expect(bridged([null, 1], 5)).toEqual([null, 1])
  })
  it('depend on the interval', () => {
    expect([bridgeable(1, 1), bridgeable(10, 10), bridgeable(60, 10)]).toEqual([2, 2, 0])
  })
})

it('sums up what is in the span', () => {
  const series = new Series(0, 10, 10)
  series.values.set('a', [9, 1, null, 5, null, 0])
  expect(summary(series, 'a', { from: 5, to: 45 })).toEqual({ last: 5, min: 1, max: 5 })
  expect(summary(series, 'b', { from: 0, to: 9 })).toEqual({ last: null, min: null, max: null })
})
