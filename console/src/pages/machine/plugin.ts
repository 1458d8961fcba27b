/** A custom metric's file, and what its trial on the machine said. */
import type { Job } from '../../api/types'

export const EXAMPLE = `def read():
    """How many processes there are."""
    import os

    return sum(name.isdigit() for name in os.listdir("/proc"))
`

/** What the trial printed and answered: in the result of a file that was taken, in the error of one that was not. */
export function transcriptOf(job: Job): string {
  const said = (job.result as { stdout?: unknown } | null)?.stdout
  const refused = (job.error as { details?: { transcript?: unknown } } | null)?.details?.transcript
  const text = said ?? refused
  return typeof text === 'string' ? text.trimEnd() : ''
}
