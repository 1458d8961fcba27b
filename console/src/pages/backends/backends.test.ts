import { describe, expect, it } from 'vitest'

import type { Backend, Description, Machine } from '../../api/types'
import { deleting, matches, rowsOf, stateOf, stateText } from './backends'

const backend = (more: Partial<Backend> = {}): Backend =>
  ({ id: 'b', name: 'Paris', provider: 'p', region: 'eu', enabled: true, state: 'online', trouble: null, ...more }) as Backend
const trouble = { code: 'x', message: 'No.', at: '', failures: 1, since: null, next_try_at: null }
const machine = (backend_id: string, state: string): Machine => ({ backend_id, state }) as Machine

it('counts machines by backend and names the provider', () => {
  const machines = [machine('b', 'running'), machine('b', 'stopped'), machine('c', 'running')]
  const [row] = rowsOf([backend()], machines, [{ id: 'p', title: 'Provider' } as Description])
  expect(row).toMatchObject({ provider: 'Provider', machines: 2, running: 1 })
  expect(rowsOf([backend({ id: 'none' })], machines, [])[0]).toMatchObject({ provider: 'p', machines: 0 })
})

describe('matches', () => {
  const [row] = rowsOf([backend({ trouble })], [], [])
  it('looks for every word, in any order', () => {
    expect(row && [matches(row, 'eu paris'), matches(row, 'trouble'), matches(row, 'paris us')]).toEqual([true, true, false])
  })
})

it('says the state in words', () => {
  expect([stateText(backend()), stateText(backend({ trouble })), stateText(backend({ enabled: false }))]).toEqual([
    'online',
    'in trouble',
    'disabled',
  ])
  expect([stateOf(backend({ trouble })), stateOf(backend({ enabled: false, trouble }))]).toEqual(['error', 'offline'])
})

it('says what a delete does', () => {
  expect(deleting(backend(), 0)).toHaveLength(1)
  expect(deleting(backend(), 1)[1]).toContain('1 machine disappears')
})
