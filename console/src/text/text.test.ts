import { describe, expect, it } from 'vitest'

import { ago, clock, day, duration, utc } from './times'
import { bytes, count, percent, quantity, rounded } from './units'

describe('units', () => {
  it('scales bytes by 1024 and the rest by 1000', () => {
    expect([bytes(0), bytes(1536), bytes(5 * 2 ** 40), bytes(null)]).toEqual(['0 B', '1.5 KiB', '5 TiB', '–'])
    expect([quantity(12_500), quantity(12_500, 'B/s'), quantity(3, '')]).toEqual(['12.5 k', '12.5 kB/s', '3'])
    expect([quantity(45.678, '%'), percent(45.6)]).toEqual(['45.7 %', '46 %'])
  })
  it('keeps three digits', () => {
    expect([123.4, 12.34, 1.234, 0.01234, 0, -1.5].map(rounded)).toEqual(['123', '12.3', '1.23', '0.0123', '0', '-1.5'])
  })
  it('counts', () => {
    expect([count(1, 'machine'), count(2, 'machine'), count(0, 'key')]).toEqual(['1 machine', '2 machines', '0 keys'])
  })
})

describe('times', () => {
  const now = new Date(2026, 10, 25, 12, 0, 0)
  const before = (seconds: number): Date => new Date(now.getTime() - seconds * 1000)
  it('tells the age', () => {
    expect([ago(before(1), now), ago(before(42), now), ago(before(200), now)]).toEqual(['now', '42 s ago', '3 min ago'])
    expect([ago(before(-7200), now), ago(before(-4), now)]).toEqual(['in 2 h', 'now'])
    expect(ago(before(86_400 * 40), now)).toBe('2026-10-16')
  })
  it('is local, of 24 hours, with UTC beside it', () => {
    expect([day(now), clock(new Date(2026, 0, 2, 15, 4, 5))]).toEqual(['2026-11-25', '15:04:05'])
    expect(utc(new Date(Date.UTC(2026, 10, 25, 8, 9, 10, 55)))).toBe('2026-11-25 08:09:10 UTC')
  })
  it('tells durations in two units at most', () => {
    expect([0, 45, 185, 7800, 86_400 * 5].map(duration)).toEqual(['0 s', '45 s', '3 min 5 s', '2 h 10 min', '5 d'])
  })
})
