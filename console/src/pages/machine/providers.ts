/** What each provider can do. It does not change while a service runs, so it is asked once. */
import { get } from '../../api/client'
import type { Description } from '../../api/types'

let asked: Promise<ReadonlyMap<string, Description>> | null = null

export function providers(): Promise<ReadonlyMap<string, Description>> {
  asked ??= get('/providers', {}).then(
    ({ items }) => new Map(items.map((each) => [each.id, each])),
    (error: unknown) => {
      asked = null
      throw error
    },
  )
  return asked
}
