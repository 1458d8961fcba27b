import { expect, it } from 'vitest'

import { progress } from './kinds'

it('says how far a job is', () => {
  expect(progress({ total: 0, done: 0, failed: 0, state: 'running' })).toBe('')
  expect(progress({ total: 50, done: 12, failed: 2, state: 'running' })).toBe('12 of 50, 2 failed')
  expect(progress({ total: 1, done: 1, failed: 0, state: 'succeeded' })).toBe('1 machine')
})
