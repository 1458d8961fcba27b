/** Open shells. They live outside of the page, so that they go on while other pages are looked at. */
import type { Terminal } from '@xterm/xterm'

import { post } from '../../api/client'
import { asError } from '../../api/errors'
import { theme } from '../../state/theme.svelte'
import { copyText } from '../../text/clipboard'
import { binary, decoded, input, resize } from './frames'
import { deedOf } from './keys'

const DIM = '\x1b[2m'
const PLAIN = '\x1b[0m'
let last = 0

export class Shell {
  readonly key: number
  readonly machineId: string
  readonly name: string
  /** Where the terminal is drawn; moved into the page while that is shown. */
  readonly element = document.createElement('div')
  state = $state<'connecting' | 'open' | 'over'>('connecting')
  /** Why it is over, for people. */
  reason = $state('')
  failed = $state(false)
  terminal: Terminal | null = null
  onleave: () => void = () => undefined
  #fit: () => void = () => undefined
  #socket: WebSocket | null = null
  #told = false
  /** What was typed before the machine listened. */
  #early = ''

  constructor(machineId: string, name: string) {
    this.key = last += 1
    this.machineId = machineId
    this.name = name
    this.element.className = 'terminal-host'
  }

  /** The first time it is shown: make the terminal, then connect. */
  async begin(): Promise<void> {
    if (this.terminal) return
    const { makeTerminal } = await import('./terminal')
    if (this.terminal) return
    const { terminal, fit } = makeTerminal(this.element, theme.isDark)
    this.terminal = terminal
    this.#fit = fit
    terminal.attachCustomKeyEventHandler((event) => this.#key(event))
    terminal.onData((text) => { this.#typed(text) })
    terminal.onBinary((text) => { this.#send(binary(text)) })
    terminal.onResize(({ cols, rows }) => { this.#send([resize(cols, rows)]) })
    fit()
    await this.connect()
  }

  fit(): void {
    this.#fit()
  }

  async connect(): Promise<void> {
    const { terminal } = this
    if (!terminal || this.state === 'open') return
    this.state = 'connecting'
    this.reason = ''
    this.failed = false
    this.#told = false
    try {
      const body = { purpose: 'terminal' as const, cols: terminal.cols, rows: terminal.rows }
      const { url } = await post('/machines/{machine_id}/tickets', { path: { machine_id: this.machineId }, body })
      this.#open(url)
    } catch (thrown) {
      this.#over(asError(thrown).message, true)
    }
  }

  close(): void {
    this.#told = true
    this.#socket?.close()
    this.#socket = null
    this.terminal?.dispose()
    this.terminal = null
    this.element.remove()
  }

  async copy(): Promise<boolean> {
    const text = this.terminal?.getSelection() ?? ''
    if (text === '') return false
    const done = await copyText(text)
    this.terminal?.focus()
    return done
  }

  /** Put text in as if it was pasted; the terminal may bracket it for the program. */
  paste(text: string): void {
    this.terminal?.paste(text)
    this.terminal?.focus()
  }

  #open(url: string): void {
    const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + url)
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    socket.onopen = () => {
      this.state = 'open'
      const { terminal } = this
      if (terminal) this.#send([resize(terminal.cols, terminal.rows)])
      this.#send(input(this.#early))
      this.#early = ''
    }
    socket.onmessage = (message: MessageEvent<ArrayBuffer>) => {
      this.#take(message.data)
    }
    socket.onclose = () => {
      if (this.#socket === socket && !this.#told) this.#over('The connection to the machine was lost.', true)
    }
  }

  #take(content: ArrayBuffer): void {
    const frame = decoded(content)
    if (frame.kind === 'output') this.terminal?.write(frame.data)
    else if (frame.kind === 'failed') this.#over(frame.error.message, true)
    else if (frame.kind === 'ended') {
      this.#over(frame.exitCode ? `The shell ended with exit code ${String(frame.exitCode)}.` : 'The shell ended.', false)
    }
  }

  #over(reason: string, failed: boolean): void {
    this.#told = true
    this.#socket = null
    this.#early = ''
    this.state = 'over'
    this.reason = reason
    this.failed = failed
    const { terminal } = this
    if (terminal) terminal.write(`${terminal.buffer.active.cursorX > 0 ? '\r\n' : ''}${DIM}${reason} Enter opens a new one.${PLAIN}\r\n`)
  }

  #typed(text: string): void {
    if (this.state === 'open') this.#send(input(text))
    else if (this.state === 'connecting') this.#early += text
    else if (this.state === 'over' && text === '\r') void this.connect()
  }

  #send(frames: Uint8Array<ArrayBuffer>[]): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return
    for (const frame of frames) this.#socket.send(frame)
  }

  #key(event: KeyboardEvent): boolean {
    const deed = deedOf(event)
    if (deed === null) return true
    if (deed === 'copy') {
      event.preventDefault()
      void this.copy()
    } else if (deed === 'leave') {
      event.preventDefault()
      this.onleave()
    }
    return false
  }
}

class Shells {
  all = $state.raw<Shell[]>([])
  active = $state.raw<Shell | null>(null)
}

export const shells = new Shells()

export function openShell(machineId: string, name: string): Shell {
  const shell = new Shell(machineId, name)
  shells.all = [...shells.all, shell]
  shells.active = shell
  return shell
}

/** The one that is shown for a machine: the newest that is open, or a new one. */
export function shellOf(machineId: string, name: string): Shell {
  const open = shells.all.findLast((each) => each.machineId === machineId)
  shells.active = open ?? openShell(machineId, name)
  return shells.active
}

/** Ends it; its neighbour is shown. */
export function closeShell(shell: Shell): void {
  const at = shells.all.indexOf(shell)
  shell.close()
  shells.all = shells.all.filter((each) => each !== shell)
  if (shells.active === shell) shells.active = shells.all[Math.min(at, shells.all.length - 1)] ?? null
}

/** In a terminal Ctrl+W deletes a word; a browser that closes the page on it asks first while shells are open. */
window.addEventListener('beforeunload', (event) => {
  if (shells.all.some((each) => each.state === 'open')) event.preventDefault()
})
