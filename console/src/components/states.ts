/** How each state of a machine, backend, job or alert is shown: always a word, its colour beside it. */

export type Tone = 'good' | 'warn' | 'bad' | 'busy' | 'idle'

const TONES: Record<string, Tone> = {
  running: 'good',
  pending: 'busy',
  rebooting: 'busy',
  stopped: 'idle',
  paused: 'warn',
  suspended: 'warn',
  terminated: 'idle',
  error: 'bad',
  unknown: 'idle',
  online: 'good',
  offline: 'idle',
  queued: 'idle',
  succeeded: 'good',
  failed: 'bad',
  cancelled: 'idle',
  firing: 'bad',
  resolved: 'good',
}

/** A job that runs is under way; a machine that runs is well. */
export function tone(state: string, of: 'machine' | 'job' | 'alert' | 'backend' = 'machine'): Tone {
  if (of === 'job' && state === 'running') return 'busy'
  if (of === 'alert' && state === 'pending') return 'warn'
  return TONES[state] ?? 'idle'
}
