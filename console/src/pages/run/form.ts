/** What is run, on what, and how: the form, and what is sent. */
import { fieldOf } from '../../api/errors'
import type { Body, Machine } from '../../api/types'

export type On = 'chosen' | 'tag' | 'all'
export type Draft = {
  what: 'command' | 'script'
  command: string
  script: string
  on: On
  tag: string
  sudo: boolean
  user: string
  parallel: string
  timeout: string
}
export type Field = 'command' | 'script' | 'machines' | 'tag' | 'user' | 'parallel' | 'timeout_s'
export type Errors = Partial<Record<Field, string>>
const FIELDS: readonly string[] = ['command', 'script', 'machines', 'tag', 'user', 'parallel', 'timeout_s'] satisfies Field[]

export const blank = (): Draft => ({
  what: 'command', command: '', script: '', on: 'all', tag: '', sudo: false, user: '', parallel: '', timeout: '',
})

/** `90`, `90 s`, `5 min`, `1 h` in seconds; null when it is none. */
export function secondsOf(text: string): number | null {
  const found = /^(\d+(?:\.\d+)?)\s*(s|sec|m|min|h)?$/i.exec(text.trim())
  if (!found) return null
  const scale = { s: 1, sec: 1, m: 60, min: 60, h: 3600 }[(found[2] ?? 's').toLowerCase()] ?? 1
  const seconds = Number(found[1]) * scale
  return seconds > 0 ? seconds : null
}

/** The machines that are meant, as far as the console knows them. */
export function meant(draft: Draft, machines: readonly Machine[], chosen: readonly string[]): Machine[] {
  if (draft.on === 'all') return [...machines]
  if (draft.on === 'tag') return draft.tag === '' ? [] : machines.filter(({ tags }) => tags.includes(draft.tag))
  const ids = new Set(chosen)
  return machines.filter(({ id }) => ids.has(id))
}

/** Tags in use with the number of their machines, the most used first. */
export function tagsIn(machines: readonly Machine[]): { tag: string; number: number }[] {
  const numbers = new Map<string, number>()
  for (const { tags } of machines) for (const tag of tags) numbers.set(tag, (numbers.get(tag) ?? 0) + 1)
  return [...numbers].map(([tag, number]) => ({ tag, number })).sort((a, b) => b.number - a.number || a.tag.localeCompare(b.tag))
}

export function missing(draft: Draft, chosen: readonly string[]): Errors {
  const errors: Errors = {}
  if (draft[draft.what].trim() === '') errors[draft.what] = draft.what === 'command' ? 'Give a command.' : 'Give a script.'
  if (draft.on === 'chosen' && chosen.length === 0) errors.machines = 'No machine is chosen; choose some in the table of machines.'
  if (draft.on === 'tag' && draft.tag === '') errors.tag = 'Choose a tag.'
  if (draft.timeout.trim() !== '' && secondsOf(draft.timeout) === null) errors.timeout_s = 'A time such as 90 s, 5 min or 1 h.'
  if (draft.parallel.trim() !== '' && !/^[1-9]\d*$/.test(draft.parallel.trim())) errors.parallel = 'A number from 1 on.'
  return errors
}

export function bodyOf(draft: Draft, chosen: readonly string[]): Body<'RunCommand'> {
  const { what, on, tag, sudo, user, parallel, timeout } = draft
  const seconds = secondsOf(timeout)
  return {
    ...(what === 'command' ? { command: draft.command } : { script: draft.script }),
    ...(on === 'tag' ? { tag } : on === 'all' ? { all: true } : { machines: [...chosen] }),
    ...(sudo ? { sudo } : {}),
    ...(user.trim() ? { user: user.trim() } : {}),
    ...(parallel.trim() ? { parallel: Number(parallel) } : {}),
    ...(seconds === null ? {} : { timeout_s: seconds }),
  }
}

export function placed(error: Error): Errors {
  const field = fieldOf(error)
  return FIELDS.includes(field) ? { [field]: error.message } : {}
}
