import type { Token } from '../../api/types'

export const LIVES: { value: string; text: string }[] = [
  { value: String(30 * 86_400), text: '30 days' },
  { value: String(90 * 86_400), text: '90 days' },
  { value: String(365 * 86_400), text: 'A year' },
  { value: '', text: 'Until it is revoked' },
]

export type Standing = 'valid' | 'expired'

export function standing(token: Pick<Token, 'expires_at'>, now: Date): Standing {
  return token.expires_at !== null && new Date(token.expires_at) <= now ? 'expired' : 'valid'
}

/** Tokens before sessions, the newest first. */
export function ordered<T extends Pick<Token, 'kind' | 'created_at'>>(tokens: readonly T[]): T[] {
  return [...tokens].sort((a, b) =>
    a.kind === b.kind ? b.created_at.localeCompare(a.created_at) : a.kind === 'token' ? -1 : 1,
  )
}
