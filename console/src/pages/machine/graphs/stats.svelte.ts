/** A machine's metrics over the part of time that is looked at: read once, then kept current by the stream. */
import { untrack } from 'svelte'

import { get } from '../../../api/client'
import { asError, isAbort } from '../../../api/errors'
import { follow } from '../../../api/live'
import { live, onEvent } from '../../../state/live.svelte'
import { type Range, type Span, stepFor } from './ranges'
import { type Points, type Series, seriesOf } from './series'

export type View = { range: Range; span: Span | null }
type Asked = { machineId: string; interval: number; view: View }

const KEPT_MESSAGES = 40
const RELOAD_S = 120
const SETTLE_MS = 400

export class MachineStats {
  series = $state.raw<Series | null>(null)
  /** Counts changes within `series`. */
  version = $state(0)
  error = $state.raw<Error | null>(null)
  loading = $state(true)
  /** Of how many seconds up to now `series` is. */
  seconds = $state(0)
  /** What the service's clock is ahead of this one, in seconds. */
  ahead = 0
  #controller: AbortController | null = null
  #recent: Points[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  readonly now = (): number => Date.now() / 1000 + this.ahead

  async load({ machineId, interval, view }: Asked): Promise<void> {
    this.#controller?.abort()
    const controller = new AbortController()
    this.#controller = controller
    this.loading = true
    const { from, to } = view.span ?? { from: this.now() - view.range.seconds, to: null }
    const step = stepFor(view.span ? view.span.to - view.span.from : view.range.seconds, interval)
    const query = { start: gridded(from, step), step, ...(to === null ? {} : { stop: Math.ceil(to) }) }
    try {
      const path = { machine_id: machineId }
      const stats = await get('/machines/{machine_id}/stats', { path, query, signal: controller.signal })
      if (to === null) this.#setClock(stats.stop - 1)
      this.series = this.#withRecent(seriesOf(stats, interval))
      this.seconds = view.range.seconds
      this.version += 1
      this.error = null
    } catch (thrown) {
      if (!isAbort(thrown)) this.error = asError(thrown)
    } finally {
      if (this.#controller === controller) this.loading = false
    }
  }

  stop(): void {
    this.#controller?.abort()
    clearTimeout(this.#timer)
  }

  /** Points of the stream; `again` reads everything when a metric is among them that is not shown yet. */
  take(points: Points, again: () => void): void {
    this.#recent = [...this.#recent, points].slice(-KEPT_MESSAGES)
    if (!this.series) return
    if (this.series.add(points)) {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(again, SETTLE_MS)
    }
    this.series.dropBefore(this.now() - this.seconds - 2 * this.series.step)
    this.version += 1
  }

  /** What was streamed while the stats were on their way. */
  #withRecent(series: Series): Series {
    if (series.step <= series.interval) for (const points of this.#recent) series.add(points)
    return series
  }

  #setClock(theirs: number): void {
    const ahead = theirs - Date.now() / 1000
    if (Math.abs(ahead - this.ahead) > 2) this.ahead = ahead
  }
}

const gridded = (second: number, step: number): number => Math.max(0, Math.floor(second / step) * step)

/** For the top of a component. `asked` is read anew whenever what it uses changes. */
export function machineStats(asked: () => Asked): MachineStats {
  const stats = new MachineStats()
  const reload = (): void => {
    void stats.load(untrack(asked))
  }
  $effect(() => {
    void live.returns
    void stats.load(asked())
    return () => {
      stats.stop()
    }
  })
  const followed = $derived.by(() => {
    const { machineId, view } = asked()
    return view.span === null ? machineId : ''
  })
  $effect(() => {
    const machineId = followed
    if (machineId === '') return
    return whileVisible(() => {
      const stream = follow({
        route: '/machines/{machine_id}/stats/stream',
        path: { machine_id: machineId },
        on: { points: (data) => { stats.take(data as Points, reload) } },
      })
      return stream.close
    }, reload)
  })
  $effect(() => {
    const { machineId } = asked()
    return onEvent((event) => {
      if (event.subject_id === machineId && /^(metric|plugin|monitoring)\./.test(event.kind)) reload()
    })
  })
  $effect(() => {
    const timer = setInterval(() => {
      const { series } = stats
      if (document.visibilityState === 'visible' && series && series.step > series.interval) reload()
    }, RELOAD_S * 1000)
    return () => {
      clearInterval(timer)
    }
  })
  return stats
}

/** Browsers allow few connections to one host: a page that nobody looks at holds none for its graphs. */
function whileVisible(open: () => () => void, onreturn: () => void): () => void {
  let close: (() => void) | null = null
  const change = (): void => {
    if (document.visibilityState === 'hidden') {
      close?.()
      close = null
    } else if (close === null) {
      close = open()
      onreturn()
    }
  }
  close = open()
  document.addEventListener('visibilitychange', change)
  return () => {
    document.removeEventListener('visibilitychange', change)
    close?.()
  }
}
