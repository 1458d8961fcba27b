/** The WebSocket to a machine: frames in both directions, how it ended, and whether it still answers. */
import { decoded, PING } from './frames'
import { BEAT_MS, Pulse } from './pulse'

export type Handlers = {
  opened: () => void
  output: (data: Uint8Array) => void
  /** Told once, unless `close` was called before. */
  ended: (reason: string, failed: boolean) => void
  silent: (silent: boolean) => void
}

export class Connection {
  readonly #socket: WebSocket
  readonly #on: Handlers
  readonly #pulse = new Pulse(Date.now())
  #beating: ReturnType<typeof setInterval> | undefined
  #reason = 'The connection could not be opened.'
  #over = false

  constructor(url: string, on: Handlers) {
    this.#on = on
    this.#socket = new WebSocket(location.origin.replace(/^http/, 'ws') + url)
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.onopen = () => { this.#opened() }
    this.#socket.onmessage = (message: MessageEvent<ArrayBuffer>) => { this.#take(message.data) }
    this.#socket.onclose = () => { this.#end(this.#reason, true) }
  }

  send(frames: Uint8Array<ArrayBuffer>[]): void {
    if (this.#over || this.#socket.readyState !== WebSocket.OPEN) return
    for (const frame of frames) this.#socket.send(frame)
  }

  close(): void {
    this.#over = true
    clearInterval(this.#beating)
    this.#socket.close()
  }

  #opened(): void {
    if (this.#over) return
    this.#reason = 'The connection to the machine was lost.'
    this.#pulse.heard(Date.now())
    this.#beating = setInterval(() => { this.#beat() }, BEAT_MS)
    this.#on.opened()
  }

  #beat(): void {
    const { ask, silent } = this.#pulse.beat(Date.now())
    if (ask) this.send([PING])
    if (silent) this.#on.silent(true)
  }

  #take(content: ArrayBuffer): void {
    if (this.#over) return
    this.#pulse.heard(Date.now())
    this.#on.silent(false)
    const frame = decoded(content)
    if (frame.kind === 'output') this.#on.output(frame.data)
    else if (frame.kind === 'failed') this.#end(frame.error.message, true)
    else if (frame.kind === 'ended') {
      this.#end(frame.exitCode ? `The shell ended with exit code ${String(frame.exitCode)}.` : 'The shell ended.', false)
    }
  }

  #end(reason: string, failed: boolean): void {
    if (this.#over) return
    this.close()
    this.#on.ended(reason, failed)
  }
}
