import type { MistEvent } from '../../api/types'

/** Where the thing that an event is about is shown; null when it has no page of its own. */
export function pageOf(event: Pick<MistEvent, 'kind' | 'subject_type' | 'subject_id'>): { name: 'machine' | 'backend' | 'key' | 'rule'; id: string } | null {
  const { subject_type: type, subject_id: id } = event
  if (id === null || event.kind.endsWith('.deleted') || event.kind === 'machine.destroyed' || event.kind === 'machine.disappeared') return null
  return type === 'machine' || type === 'backend' || type === 'key' || type === 'rule' ? { name: type, id } : null
}

/** New ones before old ones, each once. */
export function merged(newer: readonly MistEvent[], older: readonly MistEvent[]): MistEvent[] {
  const all = new Map<number, MistEvent>()
  for (const event of [...newer, ...older]) all.set(event.seq, event)
  return [...all.values()].sort((a, b) => b.seq - a.seq)
}

/** Whether the event is one of those that are asked for: by the beginning of its kind, or a word in it. */
export function matches(event: MistEvent, filter: { kind: string; text: string }): boolean {
  if (filter.kind !== '' && !event.kind.startsWith(`${filter.kind}.`)) return false
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  const told = `${event.kind} ${event.actor} ${event.subject_name ?? ''} ${event.message} ${event.outcome}`.toLowerCase()
  return words.every((word) => told.includes(word))
}
