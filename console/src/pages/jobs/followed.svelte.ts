/**
 * A job while it happens. Items and outputs are put together apart from Svelte and shown ten times a second at most,
 * so that a thousand machines that speak at once do not freeze the page.
 */
import { get, getAll } from '../../api/client'
import { asError, isAbort } from '../../api/errors'
import { follow, type Stream } from '../../api/live'
import type { Job, JobItem, JobStep } from '../../api/types'
import { Entries, type Entry, type Piece } from './entries'

const SHOWN_EVERY_MS = 100
const PAGE = 25 // an item may carry 2 MiB of output

export const isOver = (job: Job): boolean => job.state !== 'queued' && job.state !== 'running'

export class Followed {
  job = $state.raw<Job | null>(null)
  steps = $state.raw<JobStep[]>([])
  entries = $state.raw<Entry[]>([])
  error = $state.raw<Error | null>(null)
  /** Whether the stream is broken just now; it comes back by itself. */
  lost = $state(false)
  #entries = new Entries()
  #timer: ReturnType<typeof setTimeout> | undefined
  #stream: Stream | null = null
  #controller = new AbortController()

  constructor(readonly id: string) {
    void this.begin()
  }

  begin = async (): Promise<void> => {
    this.error = null
    try {
      const job = await get('/jobs/{job_id}', { path: { job_id: this.id }, signal: this.#controller.signal })
      this.#take(job)
      if (isOver(job)) await this.#readItems()
      else this.#follow()
    } catch (thrown) {
      if (!isAbort(thrown)) this.error = asError(thrown)
    }
  }

  close(): void {
    this.#controller.abort()
    this.#stream?.close()
    clearTimeout(this.#timer)
  }

  #take(job: Job): void {
    this.job = job
    if (job.steps.length > 0) this.steps = job.steps
  }

  /** What has ended is not streamed again. */
  async #readItems(): Promise<void> {
    const asked = { path: { job_id: this.id }, query: { limit: PAGE }, signal: this.#controller.signal }
    await getAll('/jobs/{job_id}/items', asked, (page) => {
      for (const item of page.items) this.#entries.putWhole(item)
      this.#show()
    })
  }

  #follow(): void {
    this.#stream = follow({
      route: '/jobs/{job_id}/stream',
      path: { job_id: this.id },
      resume: true,
      endOn: 'end',
      on: {
        job: (data) => { this.#take(data as Job) },
        step: (data) => { this.#step(data as JobStep) },
        item: (data) => { this.#entries.put(data as JobItem); this.#soon() },
        output: (data) => { this.#entries.add(data as Piece); this.#soon() },
        end: (data) => { this.#take(data as Job); this.#soon() },
      },
      onLink: (link) => { this.lost = link.state === 'lost' },
    })
  }

  #step(step: JobStep): void {
    const others = this.steps.filter(({ seq }) => seq !== step.seq)
    this.steps = [...others, step].sort((a, b) => a.seq - b.seq)
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => { this.#show() }, SHOWN_EVERY_MS)
  }

  #show(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.entries = this.#entries.list()
  }
}

/** Follows a job as long as the component is there. */
export function followJob(id: string): Followed {
  const followed = new Followed(id)
  $effect(() => () => { followed.close() })
  return followed
}
