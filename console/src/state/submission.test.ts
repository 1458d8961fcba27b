import { expect, it } from 'vitest'

import { ApiError } from '../api/errors'
import { Submission } from './submission.svelte'

const refusal = (code: string, details: Record<string, unknown> = {}) => () =>
  Promise.reject(new ApiError(400, code, 'It was refused.', 'r1', details))

it('puts an error at the field that it names', async () => {
  const sent = new Submission()
  expect(await sent.send(refusal('invalid_input', { field: 'private' }))).toBe(false)
  expect([sent.at('private'), sent.at('name'), sent.besides('private'), sent.besides('name')?.message]).toEqual([
    'It was refused.',
    undefined,
    null,
    'It was refused.',
  ])
})

it('puts what is there already at the field that names it', async () => {
  const sent = new Submission('email')
  await sent.send(refusal('already_exists'))
  expect([sent.at('email'), sent.besides('email')]).toEqual(['It was refused.', null])
})

it('sends once at a time, and forgets the error of before', async () => {
  const sent = new Submission()
  await sent.send(refusal('conflict'))
  let end = (): void => undefined
  const first = sent.send(() => new Promise<void>((resolve) => (end = resolve)))
  expect([sent.busy, sent.error, await sent.send(() => Promise.resolve())]).toEqual([true, null, false])
  end()
  expect([await first, sent.busy]).toEqual([true, false])
})
