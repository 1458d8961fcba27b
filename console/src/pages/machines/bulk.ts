/** What is done to several machines at once. */
import { del, post, put } from '../../api/client'
import { each, type Outcome } from '../../api/many'
import type { Machine, MachineAction } from '../../api/types'
import { confirm } from '../../state/confirm.svelte'
import { tell } from '../../state/toasts.svelte'
import { count } from '../../text/units'

type Plain = Exclude<MachineAction, 'resize'>

const PAST: Record<Plain, string> = {
  start: 'to start',
  stop: 'to stop',
  reboot: 'to reboot',
  destroy: 'to be destroyed',
}
const SHOWN_NAMES = 5

/** Machines of these that can do it now, as their providers say. */
export const able = (machines: readonly Machine[], action: MachineAction): Machine[] =>
  machines.filter((machine) => machine.actions.includes(action))

/** The first names, and how many more there are. */
export function named(machines: readonly { name: string }[]): string {
  const names = machines.slice(0, SHOWN_NAMES).map(({ name }) => (name.length > 60 ? `${name.slice(0, 59)}…` : name))
  const rest = machines.length - names.length
  return names.join(', ') + (rest > 0 ? ` and ${rest.toLocaleString()} more` : '')
}

/** Ask first where it hurts, then do it on all that can. True when something was asked for. */
export async function act(machines: readonly Machine[], action: Plain): Promise<boolean> {
  const can = able(machines, action)
  const lines = [`${named(can)}.`]
  if (can.length < machines.length) lines.push(`${count(machines.length - can.length, 'other')} cannot ${action} now.`)
  if (action === 'destroy') {
    lines.unshift(`${count(can.length, 'machine')} and what is on them will be gone for good:`)
    const typed = { label: `Type ${String(can.length)} to confirm`, text: String(can.length) }
    if (!(await confirm({ title: 'Destroy machines', lines, action: 'Destroy', danger: true, typed }))) return false
  } else if (action !== 'start') {
    const title = `${action === 'stop' ? 'Stop' : 'Reboot'} ${count(can.length, 'machine')}?`
    if (!(await confirm({ title, lines, action: action === 'stop' ? 'Stop' : 'Reboot' }))) return false
  }
  const outcome = await each(can, (machine) =>
    post('/machines/{machine_id}/actions', { path: { machine_id: machine.id }, body: { action } }),
  )
  report(outcome, `asked ${PAST[action]}`, true)
  return true
}

export async function tag(machines: readonly Machine[], text: string): Promise<void> {
  const outcome = await each(machines, (machine) =>
    put('/machines/{machine_id}/tags/{tag_text}', { path: { machine_id: machine.id, tag_text: text } }),
  )
  report(outcome, 'tagged', false)
}

export async function untag(machines: readonly Machine[], text: string): Promise<void> {
  const having = machines.filter(({ tags }) => tags.includes(text))
  const outcome = await each(having, (machine) =>
    del('/machines/{machine_id}/tags/{tag_text}', { path: { machine_id: machine.id, tag_text: text } }),
  )
  report(outcome, `without the tag ${text}`, false)
}

/** Every tag that any of the machines has, the most frequent first. */
export function tagsOf(machines: readonly Pick<Machine, 'tags'>[]): string[] {
  const counts = new Map<string, number>()
  for (const { tags } of machines) for (const text of tags) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([text]) => text)
}

export async function monitor(machines: readonly Machine[]): Promise<void> {
  const outcome = await each(machines, (machine) =>
    post('/machines/{machine_id}/monitoring', { path: { machine_id: machine.id }, body: {} }),
  )
  report(outcome, 'getting an agent', true)
}

function report(outcome: Outcome<Machine>, what: string, jobs: boolean): void {
  const { done, failed } = outcome
  const link = jobs ? { link: { href: '/jobs', text: 'Jobs' } } : {}
  if (done.length > 0) tell(`${count(done.length, 'machine')} ${what}.`, link)
  const [first] = failed
  if (!first) return
  const more = failed.length > 1 ? ` (and ${count(failed.length - 1, 'other machine')})` : ''
  const requestId = (first.error as { requestId?: string }).requestId ?? ''
  tell(`${named([first.item])}${more}: ${first.error.message}`, { kind: 'bad', requestId })
}
