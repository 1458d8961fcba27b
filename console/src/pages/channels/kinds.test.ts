import { expect, it } from 'vitest'

import { kindOf } from './kinds'

const url = (kind: string, values: Record<string, string>): string => kindOf(kind).url(values)

it('puts mail together, with what is typed encoded', () => {
  const values = { to: 'a@example.com', from: 'mist@example.com', server: 'mail.example.com:587' }
  expect(url('mailto', values)).toBe('mailto://mail.example.com:587/?to=a%40example.com&from=mist%40example.com')
  expect(url('mailto', { ...values, user: 'me@x', password: 'p/:@?' })).toMatch(/^mailtos:\/\/me%40x:p%2F%3A%40%3F@mail/)
})

it('turns addresses of webhooks into those of Apprise', () => {
  expect(url('json', { address: 'https://example.com/hook?x=1' })).toBe('jsons://example.com/hook?x=1')
  expect(url('json', { address: ' http://127.0.0.1:9000/ ' })).toBe('json://127.0.0.1:9000/')
})

it('takes the others as they are', () => {
  expect(url('ntfy', { topic: 'my servers' })).toBe('ntfys://my%20servers')
  expect(url('ntfy', { topic: 't', server: 'ntfy.example.com' })).toBe('ntfys://ntfy.example.com/t')
  expect(url('tgram', { token: '1:abc', chat: '-42' })).toBe('tgram://1:abc/-42')
  expect(url('no such kind', { url: 'discord://a/b' })).toBe('discord://a/b')
})
