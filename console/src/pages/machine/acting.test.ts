import { describe, expect, it } from 'vitest'

import type { Machine } from '../../api/types'
import { deeds, opensShell } from './acting'

const machine = (changes: Partial<Machine>): Machine =>
  ({ name: 'm', state: 'running', actions: ['stop', 'destroy'], public_ips: [], private_ips: [], ssh_host: null, ...changes }) as Machine

describe('deeds', () => {
  it('offers what the provider can, and says what is possible now', () => {
    const found = deeds(machine({}), ['start', 'stop', 'destroy'], false)
    expect(found.map(({ action, why }) => [action, why])).toEqual([
      ['start', 'Not while it is running'],
      ['stop', undefined],
      ['destroy', undefined],
    ])
  })
  it('offers nothing while a job works on the machine', () => {
    expect(deeds(machine({}), ['stop'], true).every(({ why }) => why !== undefined)).toBe(true)
  })
})

describe('opensShell', () => {
  it('wants an address, or a provider that runs commands', () => {
    expect([opensShell(machine({}), false), opensShell(machine({}), true)]).toEqual([false, true])
    expect(opensShell(machine({ private_ips: ['10.0.0.1'] }), false)).toBe(true)
  })
  it('does not want a machine that is off', () => {
    expect(opensShell(machine({ state: 'stopped' }), true)).toBe(false)
  })
})
