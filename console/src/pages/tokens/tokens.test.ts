import { expect, it } from 'vitest'

import { ordered, standing } from './tokens'

it('knows when a token is over', () => {
  const now = new Date('2026-01-01T00:00:00Z')
  expect(standing({ expires_at: null }, now)).toBe('valid')
  expect(standing({ expires_at: '2026-01-01T00:00:00Z' }, now)).toBe('expired')
  expect(standing({ expires_at: '2026-01-01T00:00:01Z' }, now)).toBe('valid')
})

it('puts tokens before sessions and new ones before old ones', () => {
  const of = (kind: string, created_at: string) => ({ kind, created_at })
  const given = [of('session', '2026-03'), of('token', '2026-01'), of('token', '2026-02')]
  expect(ordered(given).map((each) => each.created_at)).toEqual(['2026-02', '2026-01', '2026-03'])
})
