/** What the monitored machines do just now, and their last ten minutes where somebody looks. Asked for while used. */
import { get, getAll } from '../api/client'
import type { Now } from '../api/types'
import { onEvent } from './live.svelte'
import { extended, type Point } from './samples'

export const CPU = 'cpu.total.nonidle'
export const RAM = 'memory.nonfree_percent'
const EVERY_MS = 10_000
const AT_ONCE = 4

class MonitoredState {
  now: ReadonlyMap<string, Now> = $state.raw(new Map())
  /** Points by machine and metric, for those that were asked for with `recall`. */
  recent: ReadonlyMap<string, Point[]> = $state.raw(new Map())
  ready = $state(false)
}

export const monitored = new MonitoredState()
export const placeOf = (machineId: string, metric: string): string => `${machineId} ${metric}`

let users = 0
let timer: ReturnType<typeof setTimeout> | undefined
let endEvents: (() => void) | null = null
const asked = new Set<string>()
const waiting: string[] = []
let asking = 0

/** Keep it current until what is returned is called. */
export function useMonitored(): () => void {
  users += 1
  if (users === 1) {
    void read()
    endEvents = onEvent((event) => {
      if (event.kind.startsWith('monitoring.')) void read()
    })
  }
  return () => {
    users -= 1
    if (users > 0) return
    clearTimeout(timer)
    endEvents?.()
    asked.clear()
    monitored.recent = new Map()
  }
}

/** Read the last ten minutes of a machine, unless that was done. */
export function recall(machineId: string): void {
  if (asked.has(machineId)) return
  asked.add(machineId)
  waiting.push(machineId)
  void recallNext()
}

/** No more wanted: a row that was scrolled past before its turn came. */
export function forget(machineId: string): void {
  const at = waiting.indexOf(machineId)
  if (at < 0) return
  waiting.splice(at, 1)
  asked.delete(machineId)
}

async function read(): Promise<void> {
  clearTimeout(timer)
  try {
    if (document.visibilityState === 'visible') take(await getAll('/monitoring', {}))
  } catch {
    // The banner tells of a service that is lost; what was known stays.
  }
  if (users > 0) timer = setTimeout(() => void read(), EVERY_MS)
}

function take(all: Now[]): void {
  monitored.now = new Map(all.map((each) => [each.machine_id, each]))
  monitored.ready = true
  const recent = new Map(monitored.recent)
  for (const { machine_id: id, metrics, newest_at: at } of all) {
    for (const metric of [CPU, RAM]) {
      const points = recent.get(placeOf(id, metric))
      if (points && at) recent.set(placeOf(id, metric), extended(points, seconds(at), metrics[metric] ?? null))
    }
  }
  monitored.recent = recent
}

async function recallNext(): Promise<void> {
  const id = asking < AT_ONCE ? waiting.shift() : undefined
  if (id === undefined) return
  asking += 1
  try {
    const stats = await get('/machines/{machine_id}/stats', { path: { machine_id: id }, query: { metric: [CPU, RAM] } })
    const recent = new Map(monitored.recent)
    for (const [metric, { datapoints }] of Object.entries(stats.metrics)) {
      const points = datapoints.map((each) => [each[1], each[0]] as Point)
      recent.set(placeOf(id, metric), points)
    }
    monitored.recent = recent
  } catch {
    asked.delete(id)
  } finally {
    asking -= 1
    void recallNext()
  }
}

const seconds = (at: string): number => Math.floor(new Date(at).getTime() / 1000)
