/** What is asked to create a machine, and what is sent. Everything typed is text until then. */
import { fieldOf } from '../../api/errors'
import type { Body, Description } from '../../api/types'
import { money } from '../../text/units'
import { HOURS, type Image, type Size } from '../backends/catalog'

export type Draft = {
  backend: string
  location: string
  image: string
  size: string
  key: string
  name: string
  quantity: string
  tags: string
  networks: string[]
  script: string
  sudo: boolean
  user_data: string
  monitoring: boolean
  ssh: boolean
  extra: string
}

export type Field = 'backend' | 'location' | 'image' | 'size' | 'key' | 'name' | 'quantity' | 'tags' | 'networks' | 'script' | 'user_data' | 'extra'
export type Errors = Partial<Record<Field, string>>
const FIELDS: readonly string[] = [
  'backend',
  'location',
  'image',
  'size',
  'key',
  'name',
  'quantity',
  'tags',
  'networks',
  'script',
  'user_data',
  'extra',
] satisfies Field[]
const MOST = 100

export const empty = (): Draft => ({
  backend: '',
  location: '',
  image: '',
  size: '',
  key: '',
  name: '',
  quantity: '1',
  tags: '',
  networks: [],
  script: '',
  sudo: false,
  user_data: '',
  monitoring: false,
  ssh: false,
  extra: '',
})

/** What another backend cannot know: everything that is an id of the provider. */
export const elsewhere = (draft: Draft, backend: string): Draft => ({
  ...draft,
  backend,
  location: '',
  image: '',
  size: '',
  networks: [],
  extra: '',
})

export const tagsOf = (text: string): string[] => [...new Set(text.split(/[,\n]/).map((each) => each.trim()))].filter(Boolean)

/** `NAME=VALUE` lines; a value that is JSON is one, anything else is text. */
export function extraOf(text: string): { extra: Record<string, unknown>; error: string } {
  const extra: Record<string, unknown> = {}
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const at = line.indexOf('=')
    if (at < 1) return { extra, error: `Each line is NAME=VALUE; ${JSON.stringify(line.trim().slice(0, 40))} is not.` }
    extra[line.slice(0, at).trim()] = valueOf(line.slice(at + 1).trim())
  }
  return { extra, error: '' }
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

export function quantityOf(text: string): number | null {
  const number = Number(text)
  return /^\d+$/.test(text.trim()) && number >= 1 && number <= MOST ? number : null
}

/** What the machines will be called. */
export function namesOf(name: string, quantity: number): string {
  return quantity === 1 ? name : `${name}-1 to ${name}-${String(quantity)}`
}

export function missing(draft: Draft, provider: Description | undefined): Errors {
  const errors: Errors = {}
  if (draft.backend === '') errors.backend = 'Choose where to create it.'
  if (draft.image === '') errors.image = 'Choose an image.'
  if (provider?.needs_size && draft.size === '') errors.size = 'Choose a size.'
  if (draft.name.trim() === '') errors.name = 'Give it a name.'
  if (quantityOf(draft.quantity) === null) errors.quantity = `Give 1 to ${String(MOST)}.`
  const { error } = extraOf(draft.extra)
  if (error) errors.extra = error
  return errors
}

export function bodyOf(draft: Draft): Body<'CreateMachine'> {
  const { backend, image, size, location, key, networks } = draft
  const tags = tagsOf(draft.tags)
  const { extra } = extraOf(draft.extra)
  return {
    backend,
    image,
    name: draft.name.trim(),
    quantity: quantityOf(draft.quantity) ?? 1,
    ...(size ? { size } : {}),
    ...(location ? { location } : {}),
    ...(key ? { key } : {}),
    ...(networks.length > 0 ? { networks } : {}),
    ...(tags.length > 0 ? { tags } : {}),
    ...(draft.script.trim() ? { script: draft.script, sudo: draft.sudo } : {}),
    ...(draft.user_data.trim() ? { user_data: draft.user_data } : {}),
    ...(draft.monitoring ? { monitoring: true } : {}),
    ...(draft.ssh ? { wait: 'ssh' } : {}),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  }
}

/** An error of the service at the field that it names; empty when it names none of the form's. */
export function placed(error: Error): Errors {
  const field = fieldOf(error)
  const named = field === 'tag' ? 'tags' : field
  return FIELDS.includes(named) ? { [named]: error.message } : {}
}

/** Whether an image can boot on a size, where both say of which architecture they are. */
export function suits(size: Size, image: Image | undefined): boolean {
  const wanted = image?.extra['architecture']
  const has = size.extra['architectures'] ?? size.extra['architecture']
  if (typeof wanted !== 'string' || !has) return true
  return Array.isArray(has) ? has.includes(wanted) : has === wanted
}

export type Price = { hour: string; month: string }

/** What `quantity` machines of a size cost; null where no price is known. */
export function price(size: Size | undefined, quantity: number): Price | null {
  if (!size || size.price === null) return null
  const currency = size.currency ?? ''
  const hour = size.price * quantity
  return {
    hour: hour >= 1 ? money(hour, currency) : `${String(Number(hour.toPrecision(3)))} ${currency}`.trim(),
    month: money(hour * HOURS, currency),
  }
}
