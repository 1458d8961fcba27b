/** The alerts that fire just now: read once, by the frame around every page, for whoever shows them. */
import { getContext, setContext } from 'svelte'

import { getAll } from '../api/client'
import type { Alert } from '../api/types'
import { type Resource, resource } from './resource.svelte'

const KEY = Symbol('firing')

/** For the frame, which keeps them current. */
export function provideFiring(): Resource<Alert[]> {
  const alerts = resource((signal) => getAll('/alerts', { query: { state: 'firing' }, signal }), {
    on: (event) => event.kind.startsWith('alert.') || event.kind.startsWith('rule.'),
  })
  return setContext(KEY, alerts)
}

export const useFiring = (): Resource<Alert[]> => getContext(KEY)
