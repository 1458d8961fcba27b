/**
 * What is being done to a machine just now, as a job with its steps. Kept outside of the page, so that it goes on
 * while other views of the machine are opened.
 */
import { get } from '../../api/client'
import { follow } from '../../api/live'
import type { Job, JobStep } from '../../api/types'
import { onEvent } from '../../state/live.svelte'
import { session } from '../../state/session.svelte'

const ENDED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled'])
const SHOWN_MS = 5000

export class Activity {
  readonly machineId: string
  job = $state.raw<Job | null>(null)
  /** What to run on the machine by hand, password included, until it was read: it is told only once. */
  commands = $state('')
  #followed = new Set<string>()

  constructor(machineId: string) {
    this.machineId = machineId
  }

  get busy(): boolean {
    return this.job !== null && !ENDED.has(this.job.state)
  }

  /** Look for a job that was begun elsewhere, and follow those that begin from now on. Returns what ends it. */
  watch(): () => void {
    void this.#find()
    return onEvent((event) => {
      const begun = event.subject_id === this.machineId && event.kind.endsWith('.requested')
      if (begun && event.job_id) this.#stream(event.job_id)
    })
  }

  /** Show a job that was just asked for. Settles with the job as it ended. */
  follow(job: Job): Promise<Job> {
    this.job = job
    return new Promise((resolve) => {
      this.#stream(job.id, resolve)
    })
  }

  dismiss(): void {
    if (!this.busy) this.job = null
  }

  async #find(): Promise<void> {
    for (const state of ['running', 'queued'] as const) {
      const page = await get('/jobs', { query: { state, limit: 200 } }).catch(() => null)
      const found = page?.items.find((job) => job.subject_id === this.machineId)
      if (found) this.#stream(found.id)
    }
  }

  #stream(id: string, onend?: (job: Job) => void): void {
    if (this.#followed.has(id)) return
    this.#followed.add(id)
    follow({
      route: '/jobs/{job_id}/stream',
      path: { job_id: id },
      endOn: 'end',
      on: {
        job: (data) => (this.job = data as Job),
        step: (data) => { this.#step(id, data as JobStep) },
        end: (data) => {
          this.#end(data as Job)
          onend?.(data as Job)
        },
      },
    })
  }

  #step(id: string, step: JobStep): void {
    if (this.job?.id !== id) return
    const steps = this.job.steps.map((each) => (each.seq === step.seq ? step : each))
    this.job = { ...this.job, steps }
  }

  #end(job: Job): void {
    this.job = job
    if (job.state !== 'succeeded') return
    setTimeout(() => {
      if (this.job?.id === job.id) this.job = null
    }, SHOWN_MS)
  }
}

const activities = new Map<string, Activity>()

/** Of the machine, for whoever is signed in: what it holds is told to one person only. */
export function activityOf(machineId: string): Activity {
  const place = `${session.me?.user.id ?? ''} ${machineId}`
  const known = activities.get(place)
  if (known) return known
  const made = new Activity(machineId)
  activities.set(place, made)
  return made
}
