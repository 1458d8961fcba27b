import { describe, expect, it } from 'vitest'

import type { Machine, MistEvent } from '../api/types'
import { apply, touched, type Touched } from './fleet'

const none: Touched = { machines: new Set(), all: false }
const event = (kind: string, type: string | null, id: string | null): MistEvent =>
  ({ kind, subject_type: type, subject_id: id }) as MistEvent
const machine = (id: string, name: string): Machine => ({ id, name }) as Machine

describe('touched', () => {
  it('collects the machines that events are about', () => {
    const once = touched(none, event('machine.tagged', 'machine', 'm1'))
    const twice = touched(once, event('job.succeeded', 'machine', 'm2'))
    expect(twice).toEqual({ machines: new Set(['m1', 'm2']), all: false })
  })
  it('asks for all when machines come, go, or a backend changes', () => {
    expect(touched(none, event('machine.appeared', 'backend', 'b')).all).toBe(true)
    expect(touched(none, event('backend.failing', 'backend', 'b')).all).toBe(true)
  })
  it('leaves what has nothing to do with machines', () => {
    expect(touched(none, event('user.signed_in', 'user', 'u'))).toBe(none)
  })
})

describe('apply', () => {
  const two = [machine('a', 'A'), machine('b', 'B')]
  it('exchanges in place, adds at the end, takes out', () => {
    expect(apply(two, 'a', machine('a', 'New')).map((each) => each.name)).toEqual(['New', 'B'])
    expect(apply(two, 'c', machine('c', 'C')).map((each) => each.id)).toEqual(['a', 'b', 'c'])
    expect(apply(two, 'a', null).map((each) => each.id)).toEqual(['b'])
    expect(two).toHaveLength(2)
  })
})
