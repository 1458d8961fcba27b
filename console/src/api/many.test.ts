import { expect, it } from 'vitest'

import { each } from './many'

it('goes on after a failure and never does more at once than told', async () => {
  let running = 0
  let most = 0
  const outcome = await each([1, 2, 3, 4, 5], async (item) => {
    running += 1
    most = Math.max(most, running)
    await Promise.resolve()
    running -= 1
    if (item === 3) throw new Error('three')
  }, 2)
  expect([...outcome.done].sort()).toEqual([1, 2, 4, 5])
  expect(outcome.failed.map(({ item, error }) => [item, error.message])).toEqual([[3, 'three']])
  expect(most).toBe(2)
})
