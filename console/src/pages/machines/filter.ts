/**
 * The language of the machines' filter: words and `key:value` terms, all of which have to hold.
 *
 *     web tag:dev state:running,stopped backend:ec2 -tag:old image:"Debian 12" monitored:yes
 *
 * A comma is "or", a minus before a term "not", quotes keep spaces together. Case does not matter. A word is looked for
 * in name, ids and addresses; the value of a key at the start of what the machine has there, so that typing narrows.
 */
import type { Machine } from '../../api/types'

export const KEYS = ['name', 'state', 'backend', 'tag', 'ip', 'size', 'image', 'location', 'id', 'monitored', 'stale'] as const
type Key = (typeof KEYS)[number]

export type Term = { key: Key | null; values: string[]; not: boolean }
/** What is known of machines beside their records. */
export type Known = { monitored: (id: string) => boolean }
export type Filter = { terms: Term[]; unknown: string[] }

const TERM = /(-?)(?:([a-z]+):)?((?:"[^"]*"?|[^\s"])+|(?<=:))/giu

export function parse(text: string): Filter {
  const filter: Filter = { terms: [], unknown: [] }
  for (const [whole, minus = '', name = '', value = ''] of text.matchAll(TERM)) {
    const key = KEYS.find((each) => each === name.toLowerCase())
    const not = minus === '-' && whole.length > 1
    if (name !== '' && !key) {
      // An address such as fe80::1 looks like a key too: what is no key is a word, and is told as one.
      filter.terms.push({ key: null, values: [clean(whole.slice(not ? 1 : 0))], not })
      filter.unknown.push(name)
      continue
    }
    const values = (key ? split(value) : [clean(value)]).filter((each) => each !== '')
    if (values.length > 0) filter.terms.push({ key: key ?? null, values, not })
  }
  return filter
}

/** Whether a machine passes, as a function to be used on each of them. */
export function predicate(filter: Filter, known: Known): (machine: Machine) => boolean {
  if (filter.terms.length === 0) return () => true
  return (machine) =>
    filter.terms.every((term) => term.values.some((value) => holds(machine, term.key, value, known)) !== term.not)
}

function holds(machine: Machine, key: Key | null, value: string, known: Known): boolean {
  switch (key) {
    case null:
      return words(machine).some((each) => each.toLowerCase().includes(value))
    case 'name':
      return machine.name.toLowerCase().includes(value)
    case 'tag':
      return machine.tags.some((tag) => isTag(tag.toLowerCase(), value))
    case 'monitored':
      return known.monitored(machine.id) === isYes(value)
    case 'stale':
      return machine.stale === isYes(value)
    case 'image':
    case 'size':
      return (machine[key] ?? '').toLowerCase().includes(value)
    default:
      return starts(machine, key, value)
  }
}

function starts(machine: Machine, key: 'state' | 'backend' | 'ip' | 'location' | 'id', value: string): boolean {
  const has = {
    state: () => [machine.state],
    backend: () => [machine.backend_name, machine.backend_id, machine.provider],
    ip: () => [...machine.public_ips, ...machine.private_ips],
    location: () => [machine.location ?? ''],
    id: () => [machine.id, machine.external_id],
  }[key]()
  return has.some((each) => each.toLowerCase().startsWith(value))
}

/** `tag:env` finds `env` and `env=prod`; `tag:prod` finds `env=prod` too. */
const isTag = (tag: string, value: string): boolean =>
  tag.startsWith(value) || (tag.includes('=') && tag.slice(tag.indexOf('=') + 1).startsWith(value))

const words = (machine: Machine): string[] => [
  ...[machine.name, machine.id, machine.external_id],
  ...machine.public_ips,
  ...machine.private_ips,
]

const isYes = (value: string): boolean => ['yes', 'true', '1'].includes(value)
const clean = (text: string): string => text.replaceAll('"', '').toLowerCase()

/** Parts between commas that stand outside quotes. */
function split(text: string): string[] {
  return (text.match(/(?:"[^"]*"?|[^,"])+/g) ?? []).map(clean)
}

/** A term for a filter, quoted where it has to be. */
export function term(key: Key, value: string): string {
  return `${key}:${/[\s,"]/.test(value) ? `"${value.replaceAll('"', '')}"` : value}`
}

/** The filter without a term, or with it when it was not there. */
export function toggleTerm(text: string, added: string): string {
  const parts = [...text.matchAll(TERM)].map(([whole]) => whole)
  const rest = parts.filter((part) => part !== added)
  return (rest.length === parts.length ? [...parts, added] : rest).join(' ')
}
