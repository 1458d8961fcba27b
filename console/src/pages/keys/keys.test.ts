import { expect, it } from 'vitest'

import { fileName, kindOf } from './keys'

it('names kinds of keys', () => {
  expect(kindOf({ algorithm: 'ssh-ed25519', bits: 256 })).toBe('Ed25519')
  expect(kindOf({ algorithm: 'ssh-rsa', bits: 3072 })).toBe('RSA 3072')
  expect(kindOf({ algorithm: 'ecdsa-sha2-nistp256', bits: 256 })).toBe('ECDSA 256')
})

it('makes a name of a file of any name', () => {
  expect(fileName('fleet')).toBe('fleet')
  expect(fileName('../../etc/passwd')).toBe('__.._etc_passwd')
  expect(fileName('-rf *')).toBe('_rf_')
  expect(fileName('ключ')).toBe('_')
})
