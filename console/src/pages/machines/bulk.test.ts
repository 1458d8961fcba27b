import { describe, expect, it } from 'vitest'

import type { Machine } from '../../api/types'
import { able, named, tagsOf } from './bulk'

describe('named', () => {
  it('shows the first five and counts the rest', () => {
    const machines = Array.from({ length: 7 }, (_, at) => ({ name: `m${String(at)}` }))
    expect(named(machines)).toBe('m0, m1, m2, m3, m4 and 2 more')
    expect(named(machines.slice(0, 1))).toBe('m0')
  })
  it('cuts a name that never ends', () => {
    expect(named([{ name: 'x'.repeat(4096) }])).toHaveLength(60)
  })
})

describe('tagsOf', () => {
  it('counts over all machines', () => {
    expect(tagsOf([{ tags: ['b', 'a'] }, { tags: ['c', 'a'] }, { tags: [] }])).toEqual(['a', 'b', 'c'])
  })
})

describe('able', () => {
  it('goes by what the provider allows now', () => {
    const machines = [{ id: 'a', actions: ['stop'] }, { id: 'b', actions: [] }] as unknown as Machine[]
    expect(able(machines, 'stop').map(({ id }) => id)).toEqual(['a'])
  })
})
