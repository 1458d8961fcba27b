/**
 * Something read from the service and kept fresh, for the top of a component:
 *
 *     const rules = resource((signal) => getAll('/rules', { signal }), { on: (event) => event.kind.startsWith('rule.') })
 *
 * It is read again when a reactive value that `read` uses before its first await changes, on a matching event, when
 * the service comes back, every `everyMs`, and by `reload()`. What was read stays while it is read again.
 */
import { asError, isAbort } from '../api/errors'
import type { MistEvent } from '../api/types'
import { live, onEvent } from './live.svelte'

type Options = { on?: (event: MistEvent) => boolean; everyMs?: number; settleMs?: number }

export class Resource<T> {
  data = $state.raw<T | undefined>(undefined)
  error = $state.raw<Error | null>(null)
  loading = $state(true)
  #read: (signal: AbortSignal) => Promise<T>
  #running: AbortController | null = null

  constructor(read: (signal: AbortSignal) => Promise<T>) {
    this.#read = read
  }

  reload = async (): Promise<void> => {
    this.#running?.abort()
    const controller = new AbortController()
    this.#running = controller
    this.loading = true
    try {
      const data = await this.#read(controller.signal)
      if (this.#running !== controller) return
      this.data = data
      this.error = null
    } catch (thrown) {
      if (this.#running !== controller || isAbort(thrown)) return
      this.error = asError(thrown)
    } finally {
      if (this.#running === controller) this.loading = false
    }
  }

  stop(): void {
    this.#running?.abort()
    this.#running = null
  }
}

export function resource<T>(read: (signal: AbortSignal) => Promise<T>, options: Options = {}): Resource<T> {
  const made = new Resource(read)
  let timer: ReturnType<typeof setTimeout> | undefined
  $effect(() => {
    void live.returns
    void made.reload()
    return () => {
      made.stop()
    }
  })
  $effect(() => {
    const { on, everyMs, settleMs = 300 } = options
    const end = on
      ? onEvent((event) => {
          if (!on(event)) return
          clearTimeout(timer)
          timer = setTimeout(() => void made.reload(), settleMs)
        })
      : undefined
    const interval = everyMs
      ? setInterval(() => {
          if (document.visibilityState === 'visible') void made.reload()
        }, everyMs)
      : undefined
    return () => {
      end?.()
      clearInterval(interval)
      clearTimeout(timer)
    }
  })
  return made
}
