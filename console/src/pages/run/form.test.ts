import { describe, expect, it } from 'vitest'

import { ApiError } from '../../api/errors'
import type { Machine } from '../../api/types'
import { blank, bodyOf, meant, missing, placed, secondsOf, tagsIn } from './form'

const machine = (id: string, ...tags: string[]): Machine => ({ id, name: id, tags }) as Machine
const machines = [machine('a', 'web'), machine('b', 'web', 'old'), machine('c')]

it('reads times as people write them', () => {
  expect(['90', '90 s', '5 min', '2m', '1.5 h', '0', 'soon', ''].map(secondsOf)).toEqual([90, 90, 300, 120, 5400, null, null, null])
})

describe('bodyOf', () => {
  it('says one command and one kind of machines', () => {
    expect(bodyOf({ ...blank(), command: 'uptime' }, [])).toEqual({ command: 'uptime', all: true })
    expect(bodyOf({ ...blank(), what: 'script', script: '#!/bin/sh\n', on: 'chosen' }, ['a'])).toEqual({ script: '#!/bin/sh\n', machines: ['a'] })
    const full = { ...blank(), command: 'id', on: 'tag' as const, tag: 'web', sudo: true, user: ' root ', parallel: '5', timeout: '5 min' }
    expect(bodyOf(full, ['a'])).toEqual({ command: 'id', tag: 'web', sudo: true, user: 'root', parallel: 5, timeout_s: 300 })
  })
})

it('knows which machines are meant', () => {
  const of = (on: 'all' | 'tag' | 'chosen', tag = ''): string[] =>
    meant({ ...blank(), on, tag }, machines, ['b', 'gone']).map(({ id }) => id)
  expect([of('all'), of('tag', 'web'), of('tag'), of('chosen')]).toEqual([['a', 'b', 'c'], ['a', 'b'], [], ['b']])
})

it('counts machines by tag', () => {
  expect(tagsIn(machines)).toEqual([{ tag: 'web', number: 2 }, { tag: 'old', number: 1 }])
})

it('names what is missing', () => {
  const draft = { ...blank(), on: 'tag' as const, timeout: 'soon', parallel: '0' }
  expect(Object.keys(missing(draft, [])).sort()).toEqual(['command', 'parallel', 'tag', 'timeout_s'])
  expect(missing({ ...blank(), command: 'x', on: 'chosen' }, [])).toHaveProperty('machines')
  expect(missing({ ...blank(), command: 'x' }, [])).toEqual({})
})

it('puts an error at its field', () => {
  expect(placed(new ApiError(400, 'invalid_input', 'No.', '', { field: 'user' }))).toEqual({ user: 'No.' })
  expect(placed(new Error('x'))).toEqual({})
})
