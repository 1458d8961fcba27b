import { describe, expect, it } from 'vitest'

import { moved, parseSpan, rangeOf, RANGES, scaled, spanText, stepFor } from './ranges'

describe('stepFor', () => {
  it('is never finer than the samples, and a multiple of their interval', () => {
    expect([stepFor(600, 10), stepFor(600, 1), stepFor(86_400, 10), stepFor(3600, 7)]).toEqual([10, 1, 60, 7])
    expect(stepFor(3600, 45) % 45).toBe(0)
  })
  it('keeps the points of every range to what a screen shows', () => {
    for (const { seconds } of RANGES) expect(seconds / stepFor(seconds, 10)).toBeLessThanOrEqual(1500)
  })
})

describe('spans', () => {
  it('stand in the address and come back', () => {
    expect(parseSpan(spanText({ from: 1000.4, to: 2000.2 }))).toEqual({ from: 1000, to: 2001 })
  })
  it('are refused when they are empty, turned round or no numbers', () => {
    expect(['5-5', '20-10', 'a-b', '', null, '1-99999999999'].map(parseSpan)).toEqual([null, null, null, null, null, null])
  })
  it('move and grow, but not beyond now', () => {
    expect(moved({ from: 0, to: 100 }, -0.5, 1000)).toEqual({ from: -50, to: 50 })
    expect(moved({ from: 900, to: 1000 }, 0.5, 1010)).toEqual({ from: 910, to: 1010 })
    expect(scaled({ from: 400, to: 600 }, 2, 1000)).toEqual({ from: 300, to: 700 })
    expect(scaled({ from: 900, to: 1000 }, 4, 1000)).toEqual({ from: 600, to: 1000 })
  })
  it('has a usual range', () => {
    expect([rangeOf('7d').seconds, rangeOf('soon').key]).toEqual([604_800, '1h'])
  })
})
