/** The form of a backend, made from what its provider declares. Everything typed is text until it is sent. */
import { ApiError, fieldOf as named } from '../../api/errors'
import type { Body, Declared, Description } from '../../api/types'

export type Values = Record<string, string>
export type Errors = Record<string, string>
export type Jump = { host: string; user: string; port: string; key: string }
export type Draft = {
  name: string
  region: string
  endpoint: string
  ca_pem: string
  address_use: 'public' | 'private'
  jump: Jump | null
  settings: Values
}

/** Names of fields that are no settings of the provider; a setting of the same name has a prefix in the errors. */
const OWN = ['name', 'region', 'endpoint', 'ca_pem', 'jump_host'] as const
const LONG = 8

export const emptyJump = (): Jump => ({ host: '', user: 'root', port: '22', key: '' })

export function blank(): Draft {
  return { name: '', region: '', endpoint: '', ca_pem: '', address_use: 'public', jump: null, settings: {} }
}

/** What is asked at once, and what stands behind "More settings": only where a long form has required fields. */
export function arranged(description: Description): { first: Declared[]; more: Declared[] } {
  const { settings } = description
  const required = settings.filter((each) => each.required)
  if (settings.length <= LONG || required.length === 0) return { first: settings, more: [] }
  return { first: required, more: settings.filter((each) => !each.required) }
}

/** `help` in two parts: the label, and what explains it after a bracket, a semicolon, or a comma and such a word. */
export function labelled(setting: Declared): { label: string; help: string } {
  const { help } = setting
  const at = help.search(/ \(|[;:] |, (?=if|where|without|when|instead|as |not |with )/)
  if (at < 3) return { label: help || setting.name, help: '' }
  const rest = help.slice(at).replace(/^[;:,]\s*/, '').trim()
  return { label: help.slice(0, at), help: upperFirst(rest.replace(/^\(([^()]*)\)/, '$1')) }
}

const upperFirst = (text: string): string =>
  /^[a-z]+(: |[ ,.;]|$)/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text

/** What is sent of the settings: nothing for a field that was left empty. */
export function settingsOf(description: Description, values: Values): Record<string, string | number> {
  const sent: Record<string, string | number> = {}
  for (const { name, kind } of description.settings) {
    const text = kind === 'file' ? (values[name] ?? '') : (values[name] ?? '').trim()
    if (text.trim() === '') continue
    sent[name] = kind === 'port' && /^\d+$/.test(text) ? Number(text) : text
  }
  return sent
}

export function bodyOf(description: Description, draft: Draft): Body<'AddBackend'> {
  const { name, region, endpoint, ca_pem, address_use, jump } = draft
  return {
    provider: description.id,
    settings: settingsOf(description, draft.settings),
    address_use,
    ...(name.trim() ? { name: name.trim() } : {}),
    ...(region.trim() ? { region: region.trim() } : {}),
    ...(endpoint.trim() ? { endpoint: endpoint.trim() } : {}),
    ...(ca_pem.trim() ? { ca_pem } : {}),
    ...(jump ? { jump_host: jumpOf(jump) } : {}),
  }
}

export const jumpOf = (jump: Jump): Body<'JumpHostInput'> => ({
  host: jump.host.trim(),
  user: jump.user.trim() || 'root',
  port: Number(jump.port) || 22,
  key: jump.key,
})

/** What can be said before anything is sent. */
export function missing(description: Description, draft: Draft): Errors {
  const errors: Errors = {}
  if (description.region_required && draft.region.trim() === '') errors['region'] = 'Choose a region.'
  for (const { name, kind, required } of description.settings) {
    const text = (draft.settings[name] ?? '').trim()
    if (required && text === '') errors[fieldOf(description, name)] = 'This is needed.'
    else if (kind === 'port' && text !== '' && !isPort(text)) errors[fieldOf(description, name)] = 'A port is 1 to 65535.'
  }
  return { ...errors, ...jumpErrors(draft.jump) }
}

export function jumpErrors(jump: Jump | null): Errors {
  const errors: Errors = {}
  if (!jump) return errors
  if (jump.host.trim() === '') errors['jump_host'] = 'This is needed.'
  if (!isPort(jump.port)) errors['jump_port'] = 'A port is 1 to 65535.'
  if (jump.key === '') errors['jump_key'] = 'Choose a key.'
  return errors
}

const isPort = (text: string): boolean => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65535

/** The key under which a setting's error stands. */
export const fieldOf = (description: Description, setting: string): string =>
  (OWN as readonly string[]).includes(setting) && description.settings.some((each) => each.name === setting)
    ? `settings.${setting}`
    : setting

/**
 * Where an error of the service belongs: at the field that it names, at every secret when the provider refused them, at
 * the name when that is taken. Empty when it belongs to the form as a whole.
 */
export function placed(description: Description, error: Error, draft: Draft): Errors {
  if (!(error instanceof ApiError)) return {}
  const { code, message } = error
  const field = named(error)
  if (description.settings.some((each) => each.name === field)) return { [fieldOf(description, field)]: message }
  if (field === 'jump_host') return jumpPlaced(error)
  if ((OWN as readonly string[]).includes(field)) return { [field]: message }
  if (code === 'already_exists' && draft.name.trim() !== '' && message.includes(`called '${draft.name.trim()}'`)) {
    return { name: message }
  }
  return {}
}

/** An error that the jump host made, at its key when that did not open it. */
export function jumpPlaced(error: Error): Errors {
  if (!(error instanceof ApiError) || named(error) !== 'jump_host') return {}
  return { [error.code.endsWith('_auth_failed') ? 'jump_key' : 'jump_host']: error.message }
}

/** The secrets that were sent and that the provider may have refused: none when the error is of another kind or place. */
export function suspects(description: Description, error: Error, values: Values): string[] {
  if (!(error instanceof ApiError)) return []
  if (named(error) === 'jump_host') return []
  if (error.code !== 'provider_auth_failed' && error.code !== 'machine_auth_failed') return []
  const given = description.settings.filter(({ name, kind, secret }) => (secret || kind === 'key') && values[name])
  return given.map(({ name }) => name)
}

/** Providers by what was typed: every word in title or id; those that work come before those that are no more. */
export function found(providers: readonly Description[], typed: string): Description[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  const text = (each: Description): string => `${each.title} ${each.id} ${Object.keys(each.supported_as).join(' ')}`
  const matching = providers.filter((each) => words.every((word) => text(each).toLowerCase().includes(word)))
  return [...matching].sort((a, b) => rank(a) - rank(b))
}

const rank = (each: Description): number => (each.state === 'retired' ? 2 : each.available ? 0 : 1)
