import type { Key } from '../../api/types'

const KINDS: Record<string, string> = { 'ssh-ed25519': 'Ed25519', 'ssh-rsa': 'RSA' }

/** `Ed25519`, `RSA 3072`, `ECDSA 256`. */
export function kindOf(key: Pick<Key, 'algorithm' | 'bits'>): string {
  const name = KINDS[key.algorithm] ?? (key.algorithm.startsWith('ecdsa-') ? 'ECDSA' : key.algorithm)
  return name === 'Ed25519' ? name : `${name} ${String(key.bits)}`
}

/** A name of a file that is a name in every file system. */
export function fileName(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, '_').replace(/^[.-]+/, '_') || 'key'
}
