/** Kinds of jobs, for the filter of the list, and how far one is. */
import type { Job } from '../../api/types'
import { count } from '../../text/units'

export const KINDS = [
  { kind: 'run', text: 'Runs' },
  { kind: 'machine.create', text: 'Create' },
  { kind: 'machine.start', text: 'Start' },
  { kind: 'machine.stop', text: 'Stop' },
  { kind: 'machine.reboot', text: 'Reboot' },
  { kind: 'machine.resize', text: 'Resize' },
  { kind: 'machine.destroy', text: 'Destroy' },
  { kind: 'monitoring.enable', text: 'Monitoring on' },
  { kind: 'monitoring.disable', text: 'Monitoring off' },
] as const

/** `12 of 50, 2 failed`; nothing for a job on one thing. */
export function progress(job: Pick<Job, 'total' | 'done' | 'failed' | 'state'>): string {
  if (job.total === 0) return ''
  const running = job.state === 'running' || job.state === 'queued'
  const text = running ? `${job.done.toLocaleString()} of ${job.total.toLocaleString()}` : count(job.total, 'machine')
  return job.failed > 0 ? `${text}, ${job.failed.toLocaleString()} failed` : text
}
