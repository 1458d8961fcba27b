import { expect, it } from 'vitest'

import { plain } from './ansi'

it('takes colours, titles and cursor movements out', () => {
  expect(plain('\x1b[1;31mred\x1b[0m \x1b]0;title\x07ok\x1b(B')).toBe('red ok')
  expect(plain('\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\')).toBe('link')
})

it('keeps the last state of a line that was written again', () => {
  expect(plain('10%\r50%\r100%\ndone\r\n')).toBe('100%\ndone\n')
  expect(plain('half\r')).toBe('half')
})

it('keeps tabs, newlines and letters of all languages', () => {
  expect(plain('a\tb\nünï 日本\x00\x07')).toBe('a\tb\nünï 日本')
})

it('ends with an escape that was cut off', () => {
  expect(plain('x\x1b[')).toBe('x')
})
