import { describe, expect, it } from 'vitest'

import { type Entry, rank } from './ranking'

const entry = (text: string, words = ''): Entry => ({ id: text, text, note: '', words, run: () => undefined })
const entries = [entry('web-db'), entry('db-1', '10.0.0.1'), entry('Add a backend'), entry('adbc')]

describe('rank', () => {
  it('puts a name that begins with the word first, then a word that does', () => {
    expect(rank(entries, 'db').map((each) => each.text)).toEqual(['db-1', 'web-db', 'adbc'])
  })
  it('wants every word and looks at addresses too', () => {
    expect(rank(entries, 'db 10.0').map((each) => each.text)).toEqual(['db-1'])
    expect(rank(entries, 'db zzz')).toEqual([])
  })
  it('shows the first ones when nothing is typed', () => {
    expect(rank(entries, '  ')).toHaveLength(4)
  })
})
