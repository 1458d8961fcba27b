/**
 * All machines and backends of the account, kept current while somebody is signed in. Arrays are plain and replaced
 * as a whole: with 10 000 machines, a proxy for each would cost seconds.
 */
import { get, getAll } from '../api/client'
import { asError, isAbort } from '../api/errors'
import type { Backend, BackendReading, Machine, MistEvent } from '../api/types'
import { apply, touched, type Touched } from './fleet'
import { live, onEvent } from './live.svelte'

class FleetState {
  machines = $state.raw<Machine[]>([])
  backends = $state.raw<Backend[]>([])
  /** Whether all was read at least once. */
  ready = $state(false)
  error = $state.raw<Error | null>(null)
  readonly byId: ReadonlyMap<string, Machine> = $derived(new Map(this.machines.map((each) => [each.id, each])))
  readonly backendsById: ReadonlyMap<string, Backend> = $derived(new Map(this.backends.map((each) => [each.id, each])))
}

export const fleet = new FleetState()

const SETTLE_MS = 250
const FRESH_S = 15 // what the service itself takes for fresh
const SOON_MS = 500
const LEAST_WAIT_MS = 15_000
const MS_EACH = 4 // 10 000 machines are read again after a minute, unless an event tells of a change
const MOST_SINGLE = 20 // more machines than these are read as a whole
let controller: AbortController | null = null
let settling: ReturnType<typeof setTimeout> | undefined
let waiting: ReturnType<typeof setTimeout> | undefined
let pending: Touched = { machines: new Set(), all: false }
let endEvents: (() => void) | null = null

/** Resolves when all was read for the first time, or could not be. */
export async function startFleet(): Promise<void> {
  stopFleet()
  endEvents = onEvent(onFleetEvent)
  await readAll()
}

export function stopFleet(): void {
  controller?.abort()
  controller = null
  endEvents?.()
  endEvents = null
  clearTimeout(settling)
  clearTimeout(waiting)
}

export function clearFleet(): void {
  fleet.machines = []
  fleet.backends = []
  fleet.ready = false
  fleet.error = null
}

/** Read every backend at its provider first, then all machines. */
export async function refreshFleet(): Promise<void> {
  await get('/machines', { query: { refresh: true, limit: 1 } })
  await readAll()
}

export async function readAll(): Promise<void> {
  controller?.abort()
  const mine = new AbortController()
  controller = mine
  const begun = performance.now()
  let next = leastWait
  try {
    const [, readings] = await Promise.all([readBackends(mine.signal), readMachines(mine.signal)])
    if (!fleet.ready && readings.some(isOld)) next = () => SOON_MS
    fleet.error = null
    fleet.ready = true
  } catch (thrown) {
    if (isAbort(thrown)) return
    fleet.error = asError(thrown)
  }
  if (controller === mine) wait(next(performance.now() - begun))
}

async function readBackends(signal: AbortSignal): Promise<void> {
  fleet.backends = await getAll('/backends', { signal })
}

/**
 * The first time what is known is shown without waiting for any cloud, and the first page of it at once; to filter and
 * sort anew for each page would hold up the rest.
 */
async function readMachines(signal: AbortSignal): Promise<BackendReading[]> {
  const isFirst = !fleet.ready
  let readings: BackendReading[] = []
  fleet.machines = await getAll('/machines', { query: isFirst ? { wait: false } : {}, signal }, (page) => {
    if (isFirst && fleet.machines.length === 0) fleet.machines = page.items
    readings = page.backends
  })
  return readings
}

/** The service reads it again meanwhile. */
function isOld({ id, age_s: age }: BackendReading): boolean {
  return fleet.backendsById.get(id)?.enabled === true && (age === null || age > FRESH_S)
}

/** Providers are asked at their own pace; a fleet that is slow to read is read less often. */
function wait(ms: number): void {
  clearTimeout(waiting)
  waiting = setTimeout(() => {
    if (document.visibilityState === 'visible' || live.lostSince !== null) void readAll()
    else document.addEventListener('visibilitychange', () => void readAll(), { once: true })
  }, ms)
}

const leastWait = (tookMs: number): number => Math.max(LEAST_WAIT_MS + fleet.machines.length * MS_EACH, tookMs * 20)

function onFleetEvent(event: MistEvent): void {
  pending = touched(pending, event)
  if (!pending.all && pending.machines.size === 0) return
  clearTimeout(settling)
  settling = setTimeout(() => void readPending(), SETTLE_MS)
}

async function readPending(): Promise<void> {
  const { machines, all } = pending
  pending = { machines: new Set(), all: false }
  if (all || machines.size > MOST_SINGLE) {
    await readAll()
    return
  }
  await Promise.all([...machines].map(readOne))
}

/** Read one machine again, for instance after an action on it. */
export async function readOne(id: string): Promise<void> {
  try {
    const machine = await get('/machines/{machine_id}', { path: { machine_id: id } })
    fleet.machines = apply(fleet.machines, id, machine) // only now: others may have been exchanged meanwhile
  } catch (thrown) {
    const gone = (thrown as { status?: number }).status === 404
    if (gone) fleet.machines = apply(fleet.machines, id, null)
  }
}
