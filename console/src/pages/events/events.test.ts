import { expect, it } from 'vitest'

import type { MistEvent } from '../../api/types'
import { matches, merged, pageOf } from './events'

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

it('leads to what an event is about, while that is there', () => {
  expect(pageOf(event(1))).toEqual({ name: 'machine', id: 'm1' })
  expect(pageOf(event(1, { kind: 'machine.destroyed' }))).toBeNull()
  expect(pageOf(event(1, { subject_type: 'token' }))).toBeNull()
  expect(pageOf(event(1, { subject_id: null }))).toBeNull()
})

it('keeps each event once, the newest first', () => {
  expect(merged([event(3), event(2)], [event(2), event(1)]).map(({ seq }) => seq)).toEqual([3, 2, 1])
})

it('finds by kind and by words', () => {
  expect(matches(event(1), { kind: 'machine', text: 'WEB started' })).toBe(true)
  expect(matches(event(1), { kind: 'machin', text: '' })).toBe(false)
  expect(matches(event(1), { kind: '', text: 'web stopped' })).toBe(false)
})
