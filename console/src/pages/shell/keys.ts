/** Keys that are not for the program in the terminal. */

export type Deed = 'copy' | 'paste' | 'leave'

type Pressed = Pick<KeyboardEvent, 'type' | 'key' | 'ctrlKey' | 'shiftKey' | 'altKey' | 'metaKey'>

/** What a key does here; null leaves it to the terminal. Paste is done by the browser, which asks for no permission. */
export function deedOf(event: Pressed): Deed | null {
  if (event.type !== 'keydown' || event.altKey) return null
  if (event.key === 'Escape' && event.shiftKey && !event.ctrlKey && !event.metaKey) return 'leave'
  if (!event.ctrlKey || !event.shiftKey || event.metaKey) return null
  return ({ c: 'copy', v: 'paste' } as Record<string, Deed>)[event.key.toLowerCase()] ?? null
}
