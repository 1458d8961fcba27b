/** Where the thing that an event, job or alert is about is shown; null when it has no page of its own. */
import { href } from './router.svelte'

export function subjectHref(type: string | null, id: string | null): string | null {
  if (type === null || id === null) return null
  switch (type) {
    case 'machine':
      return href('machine', { id })
    case 'backend':
      return href('backend', { id })
    case 'key':
      return href('key', { id })
    case 'job':
      return href('job', { id })
    case 'rule':
      return href('rule', { id })
    case 'alert_channel':
      return href('channels')
    case 'user':
      return href('users')
    case 'token':
      return href('tokens')
    default:
      return null
  }
}
