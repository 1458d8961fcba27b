import { expect, it } from 'vitest'

import type { Job, JobStep } from '../../api/types'
import { adviceFor, failedStep, machinesOf } from './advice'

it('finds the step that failed', () => {
  const steps = [{ name: 'create', state: 'succeeded' }, { name: 'wait', state: 'failed' }] as JobStep[]
  expect(failedStep(steps)?.name).toBe('wait')
  expect(failedStep([])).toBeNull()
})

it('knows what to do for the usual reasons and says nothing else', () => {
  expect(adviceFor('provider_quota')).toContain('limit')
  expect(adviceFor('internal')).toBe('')
})

it('finds the machines of a job in its result, then in its parameters', () => {
  const asked = { params: { machines: [{ id: 'a', name: 'A' }] }, result: null } as unknown as Job
  expect(machinesOf(asked)).toEqual([{ id: 'a', name: 'A' }])
  expect(machinesOf({ ...asked, result: { machines: [{ id: 'b', name: 'B' }, 3] } })).toEqual([{ id: 'b', name: 'B' }])
  expect(machinesOf({ ...asked, params: {} })).toEqual([])
})
