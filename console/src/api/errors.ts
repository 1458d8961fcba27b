/** The service refused, or could not do what it was asked. The message is for people and says what to do. */
export class ApiError extends Error {
  readonly code: string
  readonly status: number
  readonly details: Record<string, unknown>
  readonly requestId: string

  constructor(status: number, code: string, message: string, requestId = '', details: Record<string, unknown> = {}) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.requestId = requestId
    this.details = details
  }
}

/** No answer came at all. */
export class ServerLost extends Error {
  constructor() {
    super('The service does not answer. What is shown may be out of date; it is tried again by itself.')
    this.name = 'ServerLost'
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

/** The field of a form that an error names; '' when it names none. */
export function fieldOf(error: Error): string {
  const field = error instanceof ApiError ? error.details['field'] : ''
  return typeof field === 'string' ? field : ''
}

type Facts = { code?: unknown; message?: unknown; details?: unknown; request_id?: unknown }

/** The error in an answer's body; a proxy's page in its place gets a sentence of ours. */
export function errorOf(status: number, body: unknown, requestId: string): ApiError {
  const facts = (body as { error?: Facts } | null)?.error
  if (facts && typeof facts.code === 'string' && typeof facts.message === 'string') {
    const details = (facts.details ?? {}) as Record<string, unknown>
    return new ApiError(status, facts.code, facts.message, String(facts.request_id ?? requestId), details)
  }
  return new ApiError(status, 'bad_answer', `The service answered ${String(status)} without saying why.`, requestId)
}

/** Error, rejection or whatever was thrown, as something to show. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
