import { expect, it } from 'vitest'

import { added, BLANK, changed, conditionOf, draftOf, problems } from './rules'

const draft = { ...BLANK, machine_id: 'm1', metric: 'load.shortterm', value: '4.5' }

it('says what a rule waits for', () => {
  expect(conditionOf({ metric: 'load.shortterm', operator: 'gt', value: 5 })).toBe('load.shortterm > 5')
  expect(conditionOf({ metric: 'nodata', operator: 'gt', value: 0 })).toBe('no data')
})

it('names what is missing', () => {
  expect(Object.keys(problems(BLANK))).toEqual(['machine_id', 'metric', 'value'])
  expect(problems(draft)).toEqual({})
  expect(problems({ ...draft, value: 'many' })).toHaveProperty('value')
  expect(problems({ ...draft, metric: 'nodata', value: '' })).toEqual({})
  expect(Object.keys(problems({ ...draft, on: 'tag', action: 'destroy' }))).toEqual(['tag', 'allow_destroy'])
  expect(problems({ ...draft, action: 'command' })).toHaveProperty('command')
})

it('sends what was typed as numbers, and only what belongs together', () => {
  expect(added(draft)).toMatchObject({ machine_id: 'm1', metric: 'load.shortterm', value: 4.5, window_s: 90, for_s: 0 })
  expect(added(draft)).not.toHaveProperty('tag')
  expect(added(draft)).not.toHaveProperty('command')
  expect(added({ ...draft, on: 'tag', tag: ' dev ' })).toMatchObject({ tag: 'dev' })
  expect(added({ ...draft, on: 'tag', tag: 'dev' })).not.toHaveProperty('machine_id')
  expect(added({ ...draft, metric: 'nodata' })).not.toHaveProperty('value')
  expect(changed({ ...draft, action: 'command', command: 'uptime' })).toMatchObject({ command: 'uptime' })
  expect(changed(draft)).not.toHaveProperty('machine_id')
})

it('is the same after a rule went into the form and out again', () => {
  const rule = { ...added(draft), tag: null, command: null, channels: ['c1'], name: 'busy' } as unknown as Parameters<typeof draftOf>[0]
  expect(changed(draftOf(rule))).toMatchObject({ value: 4.5, channels: ['c1'], name: 'busy' })
})
