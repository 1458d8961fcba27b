import { post } from '../../api/client'
import type { Job } from '../../api/types'
import { confirm } from '../../state/confirm.svelte'
import { tell, tellError } from '../../state/toasts.svelte'

/** Ask, then have the job stopped; its end comes by the stream. */
export async function cancelJob(job: Job): Promise<void> {
  const lines = ['What has not begun is not begun; what runs on machines is ended. What was done already stays.']
  if (!(await confirm({ title: `Cancel “${job.title.slice(0, 80)}”?`, lines, action: 'Cancel the job' }))) return
  try {
    await post('/jobs/{job_id}/cancel', { path: { job_id: job.id } })
    tell('It is being cancelled.', { kind: 'info' })
  } catch (thrown) {
    tellError(thrown)
  }
}
