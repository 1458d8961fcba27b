/** Keys that are not for the program in the terminal, and keys that a phone has not. */

export type Deed = 'copy' | 'paste' | 'leave'

type Pressed = Pick<KeyboardEvent, 'type' | 'key' | 'ctrlKey' | 'shiftKey' | 'altKey' | 'metaKey'>

/** What a key does here; null leaves it to the terminal. Paste is done by the browser, which asks for no permission. */
export function deedOf(event: Pressed): Deed | null {
  if (event.type !== 'keydown' || event.altKey) return null
  if (event.key === 'Escape' && event.shiftKey && !event.ctrlKey && !event.metaKey) return 'leave'
  if (!event.ctrlKey || !event.shiftKey || event.metaKey) return null
  return ({ c: 'copy', v: 'paste' } as Record<string, Deed>)[event.key.toLowerCase()] ?? null
}

/** What a key sends; arrows differ while a program asks for it (DECCKM). */
export const MISSING: { name: string; shown: string; text: (application: boolean) => string }[] = [
  { name: 'Esc', shown: 'Esc', text: () => '\x1b' },
  { name: 'Tab', shown: 'Tab', text: () => '\t' },
  ...(['Up', 'Down', 'Left', 'Right'] as const).map((name, at) => ({
    name,
    shown: '↑↓←→'.charAt(at),
    text: (application: boolean) => (application ? '\x1bO' : '\x1b[') + 'ABDC'.charAt(at),
  })),
]

/** The text as it is with Ctrl held down: `c` is what interrupts. What has no such form stays as it is. */
export function withCtrl(text: string): string {
  const code = text.toUpperCase().charCodeAt(0)
  return text.length === 1 && code >= 0x40 && code <= 0x5f ? String.fromCharCode(code - 0x40) : text
}
