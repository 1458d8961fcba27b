/** The frames of a channel to a machine: the first byte says what the rest is. */

const STDIN = 0
const STDOUT = 1
const STDERR = 2
const CONTROL = 3
const MOST_INPUT = 16 * 1024

export type Failure = { code: string; message: string }
export type Frame =
  | { kind: 'output'; data: Uint8Array }
  | { kind: 'ended'; exitCode: number | null }
  | { kind: 'failed'; error: Failure }
  | { kind: 'other' }

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What was typed or pasted, in pieces that the service takes. */
export function input(text: string): Uint8Array<ArrayBuffer>[] {
  return pieces(encoder.encode(text)).map((piece) => framed(STDIN, piece))
}

/** What a terminal sends that is no text: one byte a character. */
export function binary(text: string): Uint8Array<ArrayBuffer>[] {
  return pieces(Uint8Array.from(text, (each) => each.charCodeAt(0))).map((piece) => framed(STDIN, piece))
}

export const resize = (cols: number, rows: number): Uint8Array<ArrayBuffer> =>
  framed(CONTROL, encoder.encode(JSON.stringify({ resize: { cols, rows } })))

/** Answered by the service itself, whatever the machine does. */
export const PING = framed(CONTROL, encoder.encode('{"ping":true}'))

export function decoded(content: ArrayBuffer): Frame {
  const bytes = new Uint8Array(content)
  const data = bytes.subarray(1)
  if (bytes[0] === STDOUT || bytes[0] === STDERR) return { kind: 'output', data }
  return bytes[0] === CONTROL ? control(data) : { kind: 'other' }
}

function control(data: Uint8Array): Frame {
  let message: unknown
  try {
    message = JSON.parse(decoder.decode(data))
  } catch {
    return { kind: 'other' }
  }
  const { error, exit_code: code } = (message ?? {}) as { error?: Partial<Failure>; exit_code?: number | null }
  if (error) return { kind: 'failed', error: { code: error.code ?? '', message: error.message ?? 'The channel failed.' } }
  return code === undefined ? { kind: 'other' } : { kind: 'ended', exitCode: code }
}

function pieces(bytes: Uint8Array): Uint8Array[] {
  const count = Math.ceil(bytes.length / MOST_INPUT)
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * MOST_INPUT, (at + 1) * MOST_INPUT))
}

function framed(kind: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(content.length + 1)
  frame[0] = kind
  frame.set(content, 1)
  return frame
}
