import { expect, it } from 'vitest'

import type { MistEvent } from '../api/types'
import { isLast, matches, merged } from './events'

const event = (seq: number, more: Partial<MistEvent> = {}): MistEvent => ({
  seq,
  kind: 'machine.started',
  at: '2026-01-01T00:00:00Z',
  actor: 'me@example.com',
  subject_type: 'machine',
  subject_id: 'm1',
  subject_name: 'web-1',
  outcome: 'succeeded',
  message: 'it was started',
  details: {},
  job_id: null,
  request_id: null,
  ...more,
})

it('knows the last event of a thing', () => {
  expect(isLast(event(1))).toBe(false)
  expect(isLast(event(1, { kind: 'machine.destroyed' }))).toBe(true)
  expect(isLast(event(1, { kind: 'rule.deleted' }))).toBe(true)
})

it('keeps each event once, the newest first', () => {
  expect(merged([event(3), event(2)], [event(2), event(1)]).map(({ seq }) => seq)).toEqual([3, 2, 1])
})

it('finds by kind and by words', () => {
  expect(matches(event(1), { noun: 'machine', text: 'WEB started' })).toBe(true)
  expect(matches(event(1), { noun: 'machin', text: '' })).toBe(false)
  expect(matches(event(1), { noun: '', text: 'web stopped' })).toBe(false)
})
