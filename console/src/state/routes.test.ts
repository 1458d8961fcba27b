import { describe, expect, it } from 'vitest'

import { build, find, match, ownAddress, search } from './routes'

describe('match', () => {
  it('reads parameters, decoded', () => {
    expect(match('/machines/:id/:tab', '/machines/a%20b/graphs/')).toEqual({ id: 'a b', tab: 'graphs' })
  })
  it('refuses other lengths, other words and broken escapes', () => {
    expect(match('/machines/:id', '/machines')).toBeNull()
    expect(match('/machines/:id', '/backends/1')).toBeNull()
    expect(match('/machines/:id', '/machines/%E0%A4%A')).toBeNull()
  })
})

describe('find', () => {
  it('prefers a word to a parameter', () => {
    const patterns = { machine: '/machines/:id', create: '/machines/new' }
    expect(find(patterns, '/machines/new')?.name).toBe('create')
    expect(find(patterns, '/machines/x')).toEqual({ name: 'machine', params: { id: 'x' } })
    expect(find(patterns, '/nowhere')).toBeNull()
  })
})

describe('ownAddress', () => {
  it('leads nowhere else', () => {
    expect(ownAddress('/machines?q=tag%3Adev')).toBe('/machines?q=tag%3Adev')
    const foreign = ['//evil.example', 'https://evil.example', '/\\evil.example', '\\\\evil', 'evil', '/\t/evil', '', null]
    expect(foreign.map(ownAddress)).toEqual(foreign.map(() => '/'))
  })
})

describe('build', () => {
  it('is the other way round of match', () => {
    const path = build('/machines/:id', { id: 'a/b?c' })
    expect(match('/machines/:id', path)).toEqual({ id: 'a/b?c' })
  })
  it('leaves out what has no value', () => {
    expect(build('/', {}, { q: 'tag:dev x', sort: '', all: false, page: 0 })).toBe('/?q=tag%3Adev+x&page=0')
    expect(search({})).toBe('')
  })
})
