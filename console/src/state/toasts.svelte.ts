/** Short messages at the edge of the page, read out by screen readers. */
import { ApiError, asError, isAbort } from '../api/errors'

export type Toast = {
  id: number
  kind: 'info' | 'good' | 'bad'
  text: string
  requestId: string
  link?: { href: string; text: string }
}

class Toasts {
  all = $state.raw<Toast[]>([])
}

export const toasts = new Toasts()
let last = 0

const SHOWN_MS = 6000
const MOST = 4

export function tell(text: string, options: { kind?: Toast['kind']; requestId?: string; link?: Toast['link'] } = {}): void {
  const { kind = 'good', requestId = '', link } = options
  const toast: Toast = { id: (last += 1), kind, text, requestId, ...(link ? { link } : {}) }
  toasts.all = [...toasts.all, toast].slice(-MOST)
  if (kind !== 'bad') {
    setTimeout(() => {
      dismiss(toast.id)
    }, SHOWN_MS)
  }
}

/** Show what went wrong until it is dismissed. An abort is nothing to tell. */
export function tellError(thrown: unknown): void {
  if (isAbort(thrown)) return
  const error = asError(thrown)
  tell(error.message, { kind: 'bad', requestId: error instanceof ApiError ? error.requestId : '' })
}

export function dismiss(id: number): void {
  toasts.all = toasts.all.filter((toast) => toast.id !== id)
}
