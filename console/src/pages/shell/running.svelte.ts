/** One shell: its terminal, and the connections that it had. */
import type { Terminal } from '@xterm/xterm'

import { post } from '../../api/client'
import { asError, ServerLost } from '../../api/errors'
import { theme } from '../../state/theme.svelte'
import { copyText } from '../../text/clipboard'
import { Connection } from './connection'
import { binary, input, resize } from './frames'
import { deedOf, withCtrl } from './keys'
import { finish } from './leftovers'

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
  /** Whether nothing has come for a while though it was asked for. */
  silent = $state(false)
  terminal: Terminal | null = null
  /** Whether Ctrl is held down for the next letter, by a button. */
  ctrl = $state(false)
  onleave: () => void = () => undefined
  #fit: () => void = () => undefined
  #connection: Connection | null = null
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
    this.silent = false
    try {
      const body = { purpose: 'terminal' as const, cols: terminal.cols, rows: terminal.rows }
      const { url } = await post('/machines/{machine_id}/tickets', { path: { machine_id: this.machineId }, body })
      this.#open(url)
    } catch (thrown) {
      const error = asError(thrown)
      this.#over(error instanceof ServerLost ? 'The service does not answer.' : error.message, true)
    }
  }

  /** Give up a connection that does not answer. What it has shown stays. */
  async renew(): Promise<void> {
    this.#connection?.close()
    this.#over('The connection did not answer any more.', true, 'Here begins a new one.')
    await this.connect()
  }

  close(): void {
    this.#connection?.close()
    this.#connection = null
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
    const { terminal } = this
    if (!terminal) return
    this.#connection = new Connection(url, {
      opened: () => {
        this.state = 'open'
        this.#send([resize(terminal.cols, terminal.rows)])
        this.#send(input(this.#early))
        this.#early = ''
      },
      output: (data) => { terminal.write(data) },
      ended: (reason, failed) => { this.#over(reason, failed) },
      silent: (silent) => (this.silent = silent),
    })
  }

  #over(reason: string, failed: boolean, then = 'Enter opens a new one.'): void {
    this.#connection = null
    this.#early = ''
    this.state = 'over'
    this.silent = false
    this.reason = reason
    this.failed = failed
    if (this.terminal) finish(this.terminal, `${reason} ${then}`)
  }

  /** As if a key was pressed. */
  press(text: (application: boolean) => string): void {
    const { terminal } = this
    if (!terminal) return
    terminal.input(text(terminal.modes.applicationCursorKeysMode))
    terminal.focus()
  }

  #typed(typed: string): void {
    const text = this.ctrl ? withCtrl(typed) : typed
    this.ctrl = false
    if (this.state === 'open') this.#send(input(text))
    else if (this.state === 'connecting') this.#early += text
    else if (this.state === 'over' && text === '\r') void this.connect()
  }

  #send(frames: Uint8Array<ArrayBuffer>[]): void {
    this.#connection?.send(frames)
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
