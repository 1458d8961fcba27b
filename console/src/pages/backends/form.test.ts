import { describe, expect, it } from 'vitest'

import { ApiError } from '../../api/errors'
import type { Declared, Description } from '../../api/types'
import { arranged, blank, bodyOf, emptyJump, found, labelled, missing, placed, settingsOf, suspects } from './form'

const setting = (name: string, more: Partial<Declared> = {}): Declared => ({
  name,
  help: name,
  flag: name,
  kind: 'text',
  secret: false,
  required: false,
  default: null,
  aliases: [],
  ...more,
})
const provider = (settings: Declared[], more: Partial<Description> = {}): Description =>
  ({ id: 'cloud', title: 'Cloud', settings, region_required: false, supported_as: {}, ...more }) as Description

const cloud = provider([
  setting('api_key', { required: true }),
  setting('api_secret', { required: true, secret: true }),
  setting('port', { kind: 'port', default: 443 }),
  setting('certificate', { kind: 'file' }),
])

describe('bodyOf', () => {
  it('sends what was given, ports as numbers, files untouched', () => {
    const draft = { ...blank(), name: ' mine ', settings: { api_key: ' k ', api_secret: 's', port: '8443', certificate: 'PEM\n' } }
    expect(bodyOf(cloud, draft)).toEqual({
      provider: 'cloud',
      name: 'mine',
      address_use: 'public',
      settings: { api_key: 'k', api_secret: 's', port: 8443, certificate: 'PEM\n' },
    })
  })
  it('leaves out what was left empty, and what the provider does not declare', () => {
    expect(settingsOf(cloud, { api_key: '', port: '  ', other: 'x' })).toEqual({})
  })
  it('has the jump host with its key', () => {
    const draft = { ...blank(), jump: { ...emptyJump(), host: 'gate', key: 'k1' } }
    expect(bodyOf(cloud, draft).jump_host).toEqual({ host: 'gate', user: 'root', port: 22, key: 'k1' })
  })
})

describe('missing', () => {
  it('names each required field, the region and a port that is none', () => {
    const needy = provider(cloud.settings, { region_required: true })
    const errors = missing(needy, { ...blank(), settings: { api_key: 'k', port: '70000' } })
    expect(Object.keys(errors)).toEqual(['region', 'api_secret', 'port'])
  })
  it('keeps a setting apart from a field of the same name', () => {
    const strange = provider([setting('name', { required: true })])
    expect(Object.keys(missing(strange, blank()))).toEqual(['settings.name'])
  })
  it('wants address and key of a jump host', () => {
    const jump = { ...emptyJump(), port: '0' }
    expect(Object.keys(missing(provider([]), { ...blank(), jump }))).toEqual(['jump_host', 'jump_port', 'jump_key'])
  })
})

describe('placed', () => {
  const error = (code: string, details: Record<string, unknown>, message = 'No.'): ApiError =>
    new ApiError(422, code, message, 'r', details)
  it('puts an error at the field that it names', () => {
    expect(placed(cloud, error('invalid_input', { field: 'api_key' }), blank())).toEqual({ api_key: 'No.' })
    expect(placed(cloud, error('invalid_input', { field: 'endpoint' }), blank())).toEqual({ endpoint: 'No.' })
    expect(placed(cloud, error('invalid_input', { field: 'unheard_of' }), blank())).toEqual({})
  })
  it('puts a taken name at the name, but the same credentials at the form', () => {
    const draft = { ...blank(), name: 'mine' }
    expect(placed(cloud, error('already_exists', {}, "There is a backend called 'mine' already."), draft)).toHaveProperty('name')
    expect(placed(cloud, error('already_exists', {}, 'The same credentials are there.'), draft)).toEqual({})
  })
  it('puts what the jump host made at its address or its key, and suspects no secret for it', () => {
    const refused = error('provider_auth_failed', { field: 'jump_host' })
    expect(placed(cloud, refused, blank())).toEqual({ jump_key: 'No.' })
    expect(placed(cloud, error('provider_unreachable', { field: 'jump_host' }), blank())).toEqual({ jump_host: 'No.' })
    expect(suspects(cloud, refused, { api_secret: 's' })).toEqual([])
  })
  it('suspects the secrets that were sent when the provider refuses them', () => {
    const values = { api_key: 'k', api_secret: 's' }
    expect(suspects(cloud, error('provider_auth_failed', {}), values)).toEqual(['api_secret'])
    expect(suspects(cloud, error('provider_timeout', {}), values)).toEqual([])
  })
})

describe('arranged', () => {
  it('hides optional settings only in a long form that has required ones', () => {
    const many = Array.from({ length: 9 }, (_, at) => setting(`s${String(at)}`))
    expect(arranged(cloud).more).toEqual([])
    expect(arranged(provider(many)).more).toEqual([])
    const [first, ...rest] = many
    expect(arranged(provider([{ ...(first ?? setting('s0')), required: true }, ...rest])).more).toHaveLength(8)
  })
})

describe('labelled', () => {
  it('cuts an explanation off the label', () => {
    const of = (help: string): object => labelled(setting('x', { help }))
    expect(of('URL of the API (https://host/api)')).toEqual({ label: 'URL of the API', help: 'https://host/api' })
    expect(of('Namespace; default: all of them')).toEqual({ label: 'Namespace', help: 'Default: all of them' })
    expect(of('Authority (PEM); default: none')).toEqual({ label: 'Authority', help: 'PEM; default: none' })
    expect(of('API key')).toEqual({ label: 'API key', help: '' })
  })
})

describe('found', () => {
  it('matches every word and puts the retired last', () => {
    const list = [
      provider([], { id: 'old', title: 'Old Cloud', state: 'retired', available: true }),
      provider([], { id: 'new', title: 'New Cloud', state: 'live', available: true }),
    ]
    expect(found(list, 'cloud').map((each) => each.id)).toEqual(['new', 'old'])
    expect(found(list, 'cloud old').map((each) => each.id)).toEqual(['old'])
  })
})
