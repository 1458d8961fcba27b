/** What a job did on each machine, put together from its stream. Kept plain: a run on 1000 machines is a lot of text. */
import type { JobItem, JobState } from '../../api/types'
import { plain } from './ansi'

/** An `output` of the stream, which the API's description does not go into. */
export type Piece = { seq: number; machine_id: string; machine_name: string; stream: 'stdout' | 'stderr'; data: string }
export type Failure = { message: string; code: string }
export type Entry = {
  id: string
  name: string
  state: JobState
  exitCode: number | null
  user: string | null
  startedAt: string | null
  finishedAt: string | null
  failure: Failure | null
  stdout: string
  stderr: string
  /** Characters at the beginning that are not kept here. */
  dropped: number
  /** Bytes that the machine sent and the service did not keep. */
  cut: number
  /** Bytes that came by the stream. */
  received: number
}

/** The most that is shown of one machine's stream; the end is kept, since that is where errors are. */
export const MOST = 120_000

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

export class Entries {
  readonly #all = new Map<string, Entry>()

  /** What came from a machine while it runs. */
  add(piece: Piece): void {
    const before = this.#all.get(piece.machine_id) ?? begun(piece.machine_id, piece.machine_name)
    const stream = piece.stream === 'stderr' ? 'stderr' : 'stdout'
    const { text, dropped } = tail(before[stream] + piece.data)
    const received = before.received + size(piece.data)
    this.#all.set(piece.machine_id, { ...before, [stream]: text, dropped: before.dropped + dropped, received })
  }

  /** An item of the stream, which comes behind its last piece and carries no output itself. */
  put(item: JobItem): void {
    const entry = this.#facts(item)
    if (!ended(item)) this.#all.set(item.machine_id, entry)
    else {
      const cut = Math.max(0, item.stdout_bytes + item.stderr_bytes - entry.received)
      this.#all.set(item.machine_id, { ...entry, stdout: plain(entry.stdout), stderr: plain(entry.stderr), cut })
    }
  }

  /** An item of the listing, with its output as far as the service kept it. */
  putWhole(item: JobItem): void {
    this.#all.set(item.machine_id, { ...this.#facts(item), ...outputs(item) })
  }

  #facts(item: JobItem): Entry {
    return {
      ...(this.#all.get(item.machine_id) ?? begun(item.machine_id, item.machine_name)),
      name: item.machine_name,
      state: item.state,
      exitCode: item.exit_code,
      user: item.user,
      startedAt: item.started_at,
      finishedAt: item.finished_at,
      failure: failureOf(item.error),
    }
  }

  list(): Entry[] {
    return [...this.#all.values()].sort((a, b) => names.compare(a.name, b.name))
  }
}

const ended = ({ state }: JobItem): boolean => state !== 'running' && state !== 'queued'

function begun(id: string, name: string): Entry {
  const nothing = { exitCode: null, user: null, startedAt: null, finishedAt: null, failure: null }
  return { id, name, state: 'running', ...nothing, stdout: '', stderr: '', dropped: 0, cut: 0, received: 0 }
}

function outputs(item: JobItem): Pick<Entry, 'stdout' | 'stderr' | 'dropped' | 'cut'> {
  const out = tail(plain(item.stdout))
  const err = tail(plain(item.stderr))
  const kept = size(item.stdout) + size(item.stderr)
  const cut = Math.max(0, item.stdout_bytes + item.stderr_bytes - kept)
  return { stdout: out.text, stderr: err.text, dropped: out.dropped + err.dropped, cut }
}

const encoder = new TextEncoder()
const size = (text: string): number => (text === '' ? 0 : encoder.encode(text).length)

export function tail(text: string, most = MOST): { text: string; dropped: number } {
  if (text.length <= most) return { text, dropped: 0 }
  const from = text.length - most
  const line = text.indexOf('\n', from)
  const begin = line >= 0 && line - from < 2000 ? line + 1 : from
  return { text: text.slice(begin), dropped: begin }
}

export function failureOf(error: Record<string, unknown> | null): Failure | null {
  if (error === null) return null
  return { message: String(error['message'] ?? 'It failed without saying why.'), code: String(error['code'] ?? '') }
}

/** The last line that says something, for a row that is closed. */
export function lastLine(entry: Entry): string {
  const text = entry.state === 'failed' ? entry.stderr.trim() || entry.stdout.trim() : entry.stdout.trim() || entry.stderr.trim()
  return plain(text.slice(text.lastIndexOf('\n') + 1)).slice(0, 300)
}

/** Everything, as plain text, for the clipboard. */
export const asText = (entry: Entry): string => [plain(entry.stdout), plain(entry.stderr)].filter(Boolean).join('\n')

export type Shown = 'all' | 'failed' | 'running' | 'succeeded'
export const SHOWN: readonly Shown[] = ['all', 'failed', 'running', 'succeeded']

export function passes(entry: Entry, shown: Shown): boolean {
  if (shown === 'all') return true
  if (shown === 'failed') return entry.state === 'failed' || entry.state === 'cancelled'
  return shown === 'running' ? entry.state === 'running' || entry.state === 'queued' : entry.state === 'succeeded'
}

export type Group = { key: string; entries: Entry[]; first: Entry }

/** Machines that ended the same way with the same output, the largest group first; failures before successes. */
export function grouped(entries: readonly Entry[]): Group[] {
  const groups = new Map<string, Group>()
  for (const entry of entries) {
    const key = JSON.stringify([entry.state, entry.exitCode, entry.failure?.message ?? '', same(entry.stdout), same(entry.stderr)])
    const group = groups.get(key)
    if (group) group.entries.push(entry)
    else groups.set(key, { key, entries: [entry], first: entry })
  }
  return [...groups.values()].sort((a, b) => bad(b.first) - bad(a.first) || b.entries.length - a.entries.length)
}

const bad = (entry: Entry): number => Number(entry.state === 'failed')
const same = (text: string): string => text.replace(/[ \t]+$/gm, '').trimEnd()
