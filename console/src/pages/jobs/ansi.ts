/** What a terminal would show of a program's output, as plain text: no colours, no cursor, the last state of a line. */

// CSI, OSC (ended by BEL or ST), other strings (DCS, SOS, PM, APC), and two-character escapes, all of which are not text.
// eslint-disable-next-line no-control-regex -- these characters are what is looked for
const ESCAPES = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[ -/]*[0-~]|\x9b[0-?]*[ -/]*[@-~]/g
// eslint-disable-next-line no-control-regex -- as above
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g

export function plain(text: string): string {
  const rest = text.includes('\x1b') || text.includes('\x9b') ? text.replace(ESCAPES, '') : text
  return overwritten(rest).replace(CONTROLS, '')
}

/** A progress bar writes its line again and again after a carriage return: the last one counts. */
function overwritten(text: string): string {
  if (!text.includes('\r')) return text
  return text
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map((line) => {
      const ended = line.replace(/\r+$/, '')
      return ended.slice(ended.lastIndexOf('\r') + 1)
    })
    .join('\n')
}
