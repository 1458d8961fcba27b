/** Events of the service as lists: put together, found, and whether what they are about is still there. */
import type { MistEvent } from '../api/types'

/** All of them, the newest first, each once. */
export function merged(...lists: (readonly MistEvent[])[]): MistEvent[] {
  const all = new Map<number, MistEvent>()
  for (const event of lists.flat()) all.set(event.seq, event)
  return [...all.values()].sort((a, b) => b.seq - a.seq)
}

/** Whether the event is one of those that are asked for: of this noun, and with all of these words in it. */
export function matches(event: MistEvent, filter: { noun: string; text: string }): boolean {
  if (filter.noun !== '' && !event.kind.startsWith(`${filter.noun}.`)) return false
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  const told = `${event.kind} ${event.actor} ${event.subject_name ?? ''} ${event.message} ${event.outcome}`.toLowerCase()
  return words.every((word) => told.includes(word))
}

const LAST = new Set(['machine.destroyed', 'machine.disappeared'])

/** Whether it tells of the end of what it is about. */
export const isLast = (event: Pick<MistEvent, 'kind'>): boolean => event.kind.endsWith('.deleted') || LAST.has(event.kind)
