/** What to do when a job failed: more than the service's own sentence, where the code tells. */
import type { Job, JobStep } from '../../api/types'

const ADVICE: Record<string, string> = {
  provider_auth_failed: 'The credentials of the backend are not accepted any more: replace them on the page of the backend.',
  provider_quota: 'The account is at a limit of its provider: destroy what is not needed, ask the provider to raise it, or take another size or location.',
  provider_rejected: 'The provider refused what was asked: go back to the form and choose otherwise.',
  provider_unreachable: 'The provider did not answer: try again later; the page of the backend says when it is well again.',
  provider_timeout: 'The provider took too long: look at the list of machines first, since the machine may be there by now.',
  provider_rate_limited: 'The provider asks for a pause: try again in some minutes.',
  provider_not_found: 'What was chosen is not there any more: ask the provider again for its images and sizes, then choose anew.',
  machine_auth_failed: 'The key does not open the machine: look whether its image takes the key, and as which user.',
  machine_unreachable: 'The machine does not answer over SSH: look at its network and firewall, or have it reached through a jump host.',
  machine_timeout: 'The machine took too long: it may be up by now; its page says so.',
  host_key_changed: 'The machine shows another host key: accept it on the page of the machine if it was rebuilt.',
}

export function adviceFor(code: string): string {
  return ADVICE[code] ?? ''
}

/** The step at which it ended. */
export function failedStep(steps: readonly JobStep[]): JobStep | null {
  return steps.find(({ state }) => state === 'failed') ?? null
}

/** Machines that a job made or works on: in its result, its parameters, or as its subject. */
export function machinesOf(job: Job): { id: string; name: string }[] {
  const lists = [job.result?.['machines'], job.params['machines']]
  for (const list of lists) {
    if (!Array.isArray(list)) continue
    const named = list.flatMap((each: unknown) => {
      const { id, name } = (each ?? {}) as { id?: unknown; name?: unknown }
      return typeof id === 'string' && typeof name === 'string' ? [{ id, name }] : []
    })
    if (named.length > 0) return named
  }
  return []
}
