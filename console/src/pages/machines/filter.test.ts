import { describe, expect, it } from 'vitest'

import type { Machine } from '../../api/types'
import { parse, predicate, term, toggleTerm } from './filter'

const machine = (changes: Partial<Machine>): Machine => ({
  ...({ id: 'm-1', external_id: 'i-0abc', name: 'web-1', state: 'running', provider: 'dummy', stale: false } as Machine),
  ...{ backend_id: 'b-1', backend_name: 'EC2 Frankfurt', tags: ['env=dev', 'old'], size: 't3.small', image: 'Debian 12' },
  ...{ location: 'eu-central-1a', public_ips: ['192.0.2.10'], private_ips: ['10.0.0.5', 'fe80::1'] },
  ...changes,
})
const passes = (text: string, changes: Partial<Machine> = {}, monitored = false): boolean =>
  predicate(parse(text), { monitored: () => monitored })(machine(changes))

describe('words', () => {
  it.each(['', '  ', 'web', 'WEB-1', 'i-0a', '192.0.2', '10.0.0.5', 'fe80::1', 'web 192'])('%j finds it', (text) => {
    expect(passes(text)).toBe(true)
  })
  it.each(['db', 'web db', '-web'])('%j does not', (text) => {
    expect(passes(text)).toBe(false)
  })
  it('takes a word that only looks like a key as a word, and tells it', () => {
    expect(passes('nokey:web')).toBe(false)
    expect(parse('nokey:web').unknown).toEqual(['nokey'])
  })
})

describe('keys', () => {
  it.each([
    ['tag:dev'],
    ['tag:env=dev'],
    ['tag:env'],
    ['tag:old -tag:new'],
    ['state:running'],
    ['state:run'],
    ['state:stopped,running'],
    ['backend:ec2'],
    ['backend:"EC2 Frank'],
    ['backend:b-1'],
    ['image:"debian 12"'],
    ['image:12'],
    ['size:small'],
    ['location:eu-'],
    ['ip:10.'],
    ['id:m-1'],
    ['monitored:no'],
    ['stale:no'],
    ['tag:'],
    ['NAME:web'],
  ])('%j finds it', (text) => {
    expect(passes(text)).toBe(true)
  })
  it.each([['tag:prod'], ['-tag:old'], ['state:stopped'], ['backend:gce'], ['monitored:yes'], ['tag:dev tag:prod']])(
    '%j does not',
    (text) => {
      expect(passes(text)).toBe(false)
    },
  )
  it('knows what is monitored and stale', () => {
    expect([passes('monitored:yes', {}, true), passes('stale:yes', { stale: true })]).toEqual([true, true])
  })
  it('takes what is not there as no match', () => {
    expect(passes('size:small', { size: null })).toBe(false)
  })
})

describe('terms', () => {
  it('are quoted where they have to be', () => {
    expect([term('tag', 'a'), term('tag', 'a b'), term('backend', 'x,"y')]).toEqual(['tag:a', 'tag:"a b"', 'backend:"x,y"'])
  })
  it('come and go', () => {
    expect(toggleTerm('web', 'tag:"a b"')).toBe('web tag:"a b"')
    expect(toggleTerm('web tag:"a b" x', 'tag:"a b"')).toBe('web x')
  })
})
