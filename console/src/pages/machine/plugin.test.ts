import { expect, it } from 'vitest'

import type { Job } from '../../api/types'
import { transcriptOf } from './plugin'

it('finds the transcript of a trial whether the file was taken or refused', () => {
  const job = (changes: object): Job => ({ result: null, error: null, ...changes }) as Job
  expect(transcriptOf(job({ result: { stdout: '1\n2\n' } }))).toBe('1\n2')
  expect(transcriptOf(job({ error: { message: 'x', details: { transcript: 'Traceback' } } }))).toBe('Traceback')
  expect([transcriptOf(job({})), transcriptOf(job({ error: { message: 'x' } }))]).toEqual(['', ''])
})
