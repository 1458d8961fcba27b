import { expect, it } from 'vitest'

import { deedOf } from './keys'

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
