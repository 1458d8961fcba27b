import { expect, it } from 'vitest'

import { attempt } from './attempt'

it('keeps its key as long as the same is asked for', () => {
  const once = attempt()
  const first = once.headers({ name: 'a' })['Idempotency-Key']
  expect(once.headers({ name: 'a' })['Idempotency-Key']).toBe(first)
  expect(once.headers({ name: 'b' })['Idempotency-Key']).not.toBe(first)
  expect(first).toMatch(/^[0-9a-f]{32}$/)
  expect(attempt().headers({ name: 'a' })['Idempotency-Key']).not.toBe(first)
})
