/** What a program that was cut off has left in a terminal: its second screen, a hidden cursor, a mouse that is told. */
import type { Terminal } from '@xterm/xterm'

const GREY = '\x1b[90m'
const PLAIN = '\x1b[0m'
const SECOND_SCREEN_OFF = '\x1b[?1049l'
const SOFT_RESET = '\x1b[!p'
const MOUSE_OFF = '\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l'

/** Clears that away, keeps everything that can be scrolled back to, and writes a last line. */
export function finish(terminal: Terminal, line: string): void {
  terminal.write('', () => {
    const { active } = terminal.buffer
    const back = active.type === 'alternate' ? SECOND_SCREEN_OFF : ''
    terminal.write(back + SOFT_RESET + MOUSE_OFF, () => {
      const start = terminal.buffer.active.cursorX > 0 ? '\r\n' : ''
      terminal.write(`${start}${GREY}${line}${PLAIN}\r\n`)
    })
  })
}
