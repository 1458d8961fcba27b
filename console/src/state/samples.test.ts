import { expect, it } from 'vitest'

import { extended, lines, type Point } from './samples'

const box = { width: 100, height: 20, low: 0, high: 100 }

it('keeps ten minutes and takes no point twice', () => {
  const points: Point[] = [[0, 1], [400, 2]]
  expect(extended(points, 700, 3)).toEqual([[400, 2], [700, 3]])
  expect(extended(points, 400, 9)).toEqual(points)
})

it('shows gaps as gaps', () => {
  expect(lines([[0, 0], [10, 50], [20, null], [30, 100], [40, 100]], box)).toEqual(['0.0,20.0 25.0,10.0', '75.0,0.0 100.0,0.0'])
  expect(lines([[0, 5]], box)).toEqual([])
  expect(lines([], box)).toEqual([])
})
