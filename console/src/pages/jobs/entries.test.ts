import { describe, expect, it } from 'vitest'

import type { JobItem } from '../../api/types'
import { Entries, type Entry, grouped, lastLine, passes, type Piece, tail } from './entries'

const piece = (machine: string, data: string, stream: Piece['stream'] = 'stdout'): Piece => ({
  seq: 1, machine_id: machine, machine_name: machine, stream, data,
})
const item = (machine: string, more: Partial<JobItem> = {}): JobItem => ({
  job_id: 'j', machine_id: machine, machine_name: machine, state: 'succeeded', exit_code: 0, user: 'root', started_at: null,
  finished_at: null, stdout: '', stderr: '', stdout_bytes: 0, stderr_bytes: 0, error: null, ...more,
})
const entry = (more: Partial<Entry>): Entry => ({
  id: 'm', name: 'm', state: 'succeeded', exitCode: 0, user: null, startedAt: null, finishedAt: null, failure: null,
  stdout: '', stderr: '', dropped: 0, cut: 0, received: 0, ...more,
})

describe('Entries', () => {
  it('collects pieces by machine and stream; an item of the stream ends them', () => {
    const all = new Entries()
    all.add(piece('a', 'one\n'))
    all.add(piece('b', 'x'))
    all.add(piece('a', '\x1b[31mtwo\x1b[0m\n'))
    all.add(piece('a', 'oh\n', 'stderr'))
    all.put(item('a', { state: 'running', exit_code: null }))
    expect(all.list()[0]).toMatchObject({ stderr: 'oh\n', state: 'running' })
    all.put(item('a', { stdout_bytes: 117, stderr_bytes: 3, exit_code: 3, state: 'failed' }))
    expect(all.list()[0]).toMatchObject({ stdout: 'one\ntwo\n', stderr: 'oh\n', exitCode: 3, state: 'failed', cut: 100 })
    expect(all.list()).toHaveLength(2)
  })
  it('takes the output of a whole item, and tells how much the service did not keep', () => {
    const all = new Entries()
    all.putWhole(item('a', { stdout: '\x1b[1mü', stdout_bytes: 106 }))
    expect(all.list()[0]).toMatchObject({ stdout: 'ü', cut: 100 })
  })
  it('lists machines by name, numbers in them as numbers', () => {
    const all = new Entries()
    for (const name of ['web-10', 'web-2']) all.put(item(name))
    expect(all.list().map(({ name }) => name)).toEqual(['web-2', 'web-10'])
  })
})

it('keeps the end of a long output, from the beginning of a line', () => {
  expect(tail('short', 10)).toEqual({ text: 'short', dropped: 0 })
  expect(tail('aaaa\nbbbb\ncccc\n', 8)).toEqual({ text: 'cccc\n', dropped: 10 })
  expect(tail('x'.repeat(5000), 100).text).toHaveLength(100)
})

describe('grouped', () => {
  it('puts equal outputs together, whatever blanks end their lines, failures first', () => {
    const entries = [
      entry({ id: 'a', stdout: 'same \n' }),
      entry({ id: 'b', stdout: 'same' }),
      entry({ id: 'c', stdout: 'same', exitCode: 1, state: 'failed' }),
      entry({ id: 'd', stdout: 'other' }),
    ]
    expect(grouped(entries).map(({ entries: of }) => of.map(({ id }) => id))).toEqual([['c'], ['a', 'b'], ['d']])
  })
  it('tells a machine that was not reached from one that said nothing', () => {
    expect(grouped([entry({}), entry({ failure: { message: 'No route.', code: '' } })])).toHaveLength(2)
  })
})

it('shows what was asked for', () => {
  const states = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const
  const of = (shown: Parameters<typeof passes>[1]): string[] => states.filter((state) => passes(entry({ state }), shown))
  expect([of('failed'), of('running'), of('succeeded'), of('all')]).toEqual([
    ['failed', 'cancelled'],
    ['queued', 'running'],
    ['succeeded'],
    [...states],
  ])
})

it('says the last thing that was said, of a failure what stderr says', () => {
  expect(lastLine(entry({ stdout: 'a\nb\n\n' }))).toBe('b')
  expect(lastLine(entry({ stdout: 'a', stderr: 'no', state: 'failed' }))).toBe('no')
})
