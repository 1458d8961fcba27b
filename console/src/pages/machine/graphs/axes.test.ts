import { describe, expect, it } from 'vitest'

import { moment, timeLabels, valueLabels, verticalRange } from './axes'

const extent = { floor: 0, ceiling: null, limits: [] }
const percent = { floor: 0, ceiling: 100, limits: [] }
const second = (...parts: [number, number, number, number?, number?, number?]): number => new Date(...parts).getTime() / 1000

describe('verticalRange', () => {
  it('begins at the floor and leaves some air', () => {
    const [low, high] = verticalRange(1, 10, extent)
    expect([low, high > 10 && high < 12]).toEqual([0, true])
  })
  it('has a height when there is nothing, or only zeros', () => {
    expect([verticalRange(null, null, extent), verticalRange(0, 0, extent)]).toEqual([[0, 1.08], [0, 1.08]])
    expect(verticalRange(5, 5, { ...extent, floor: null })[1]).toBeGreaterThan(5)
  })
  it('never goes beyond 100 %, nor so near to 0 that noise fills it', () => {
    expect(verticalRange(0, 99, percent)).toEqual([0, 100])
    expect(verticalRange(0, 0.2, percent)[1]).toBeGreaterThan(5)
    expect(verticalRange(0, 220, percent)[1]).toBeGreaterThan(220)
  })
  it('shows a threshold unless that would flatten the line', () => {
    expect(verticalRange(0, 1, { ...extent, limits: [3] })[1]).toBeGreaterThan(3)
    expect(verticalRange(0, 1, { ...extent, limits: [300] })[1]).toBeLessThan(2)
    expect(verticalRange(0, 1, { ...percent, limits: [90] })[1]).toBeGreaterThan(90)
  })
  it('shows what lies below the floor all the same', () => {
    expect(verticalRange(-3, 4, extent)[0]).toBe(-3)
    expect(verticalRange(-3, 4, { ...extent, floor: null })[0]).toBeLessThan(-3)
  })
})

describe('labels', () => {
  it('carry the unit', () => {
    expect(valueLabels([0, 5_000_000], 'B/s')).toEqual(['0 B/s', '5 MB/s'])
    expect(valueLabels([0, 50], '%')).toEqual(['0 %', '50 %'])
    expect(valueLabels([0.1 + 0.2, 1.5e-17], '')).toEqual(['0.3', '0'])
  })
  it('are of 24 hours, with seconds only where they count', () => {
    const now = new Date()
    const at = second(now.getFullYear(), now.getMonth(), now.getDate(), 15, 4, 5)
    expect([timeLabels([at], 30), timeLabels([at], 600)]).toEqual([['15:04:05'], ['15:04']])
    expect([moment(at, 10), moment(at, 60)]).toEqual(['15:04:05', '15:04'])
  })
  it('name the day where it changes', () => {
    const labels = timeLabels([second(2020, 4, 3, 22), second(2020, 4, 3, 23), second(2020, 4, 4)], 3600)
    expect(labels[0]).toMatch(/^22:00\n.*3/)
    expect(labels[1]).toBe('23:00')
    expect(labels[2]).toMatch(/^00:00\n.*4/)
  })
  it('are days or months when they are that far apart', () => {
    expect(timeLabels([second(2020, 4, 3)], 86_400)[0]).not.toContain(':')
    expect(timeLabels([second(2020, 4, 1)], 30 * 86_400)[0]).toContain('2020')
  })
})
