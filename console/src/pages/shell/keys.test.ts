import { expect, it } from 'vitest'

import { deedOf, MISSING, withCtrl } from './keys'

const none = { type: 'keydown', ctrlKey: false, shiftKey: false, altKey: false, metaKey: false }
const pressed = (key: string, held: Partial<typeof none> = {}): string | null => deedOf({ ...none, key, ...held })

it('takes only the keys that terminals do not', () => {
  expect(pressed('C', { ctrlKey: true, shiftKey: true })).toBe('copy')
  expect(pressed('V', { ctrlKey: true, shiftKey: true })).toBe('paste')
  expect(pressed('Escape', { shiftKey: true })).toBe('leave')
  expect(pressed('Escape')).toBeNull()
  expect(pressed('c', { ctrlKey: true })).toBeNull()
  expect(pressed('k', { ctrlKey: true })).toBeNull()
  expect(pressed('Tab')).toBeNull()
  expect(pressed('C', { ctrlKey: true, shiftKey: true, type: 'keyup' })).toBeNull()
})

it('sends what keys that a phone has not would send', () => {
  expect(MISSING.map(({ text }) => text(false))).toEqual(['\x1b', '\t', '\x1b[A', '\x1b[B', '\x1b[D', '\x1b[C'])
  expect(MISSING.map(({ text }) => text(true)).slice(2)).toEqual(['\x1bOA', '\x1bOB', '\x1bOD', '\x1bOC'])
})

it('makes a letter a control character', () => {
  expect([withCtrl('c'), withCtrl('D'), withCtrl('['), withCtrl('1'), withCtrl('cd')]).toEqual(['\x03', '\x04', '\x1b', '1', 'cd'])
})
