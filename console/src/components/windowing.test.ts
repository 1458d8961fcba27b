import { describe, expect, it } from 'vitest'

import { leastWidth, parseSort, placesOf, reveal, slice, sorted, sortText, step, toggled } from './windowing'

describe('slice', () => {
  it('is what is in view and a little more', () => {
    expect(slice(10_000, 40, 0, 400)).toEqual({ first: 0, end: 18 })
    expect(slice(10_000, 40, 4000, 400)).toEqual({ first: 92, end: 118 })
  })
  it('never holds two rows of one place', () => {
    for (let scrolled = 0; scrolled < 900; scrolled += 7) {
      const { first, end } = slice(10_000, 38, scrolled, 401)
      expect(end - first).toBeLessThanOrEqual(placesOf(38, 401))
    }
  })
  it('ends with the rows, also after they became fewer', () => {
    expect(slice(5, 40, 4000, 400)).toEqual({ first: 4, end: 5 })
    expect(slice(0, 40, 0, 400)).toEqual({ first: 0, end: 0 })
  })
})

describe('step', () => {
  it('moves within the rows', () => {
    expect([step('ArrowDown', -1, 3, 10), step('ArrowDown', 2, 3, 10), step('ArrowUp', 0, 3, 10)]).toEqual([0, 2, 0])
    expect([step('PageDown', 1, 100, 10), step('End', 1, 100, 10), step('x', 1, 100, 10)]).toEqual([11, 99, null])
    expect(step('ArrowDown', -1, 0, 10)).toBeNull()
  })
})

describe('leastWidth', () => {
  it('is what the tracks need at least', () => {
    expect(leastWidth(['36px', 'minmax(180px, 2fr)', '1fr'], 12, 28)).toBe(268)
  })
})

describe('reveal', () => {
  it('scrolls as little as it can', () => {
    expect([reveal(0, 40, 100, 400), reveal(20, 40, 0, 400), reveal(5, 40, 100, 400)]).toEqual([0, 440, null])
  })
})

describe('sorted', () => {
  const rows = [{ n: 'web10' }, { n: null }, { n: 'Web2' }]
  it('knows numbers in names and puts the unknown last', () => {
    expect(sorted(rows, (row) => row.n, false).map((row) => row.n)).toEqual(['Web2', 'web10', null])
    expect(sorted(rows, (row) => row.n, true).map((row) => row.n)).toEqual(['web10', 'Web2', null])
  })
  it('is kept in the address', () => {
    const otherwise = { key: 'name', desc: false }
    expect(parseSort('state:desc', ['name', 'state'], otherwise)).toEqual({ key: 'state', desc: true })
    expect(parseSort('nothing', ['name'], otherwise)).toBe(otherwise)
    expect([sortText({ key: 'a', desc: true }), sortText({ key: 'a', desc: false })]).toEqual(['a:desc', 'a'])
  })
})

describe('toggled', () => {
  const keys = ['a', 'b', 'c', 'd']
  it('adds, takes away, and fills a range', () => {
    expect([...toggled(new Set(), keys, 'b')]).toEqual(['b'])
    expect([...toggled(new Set(['b']), keys, 'b')]).toEqual([])
    expect([...toggled(new Set(['d']), keys, 'd', 'b')].sort()).toEqual(['b', 'c', 'd'])
  })
})
