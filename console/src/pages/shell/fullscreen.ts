/** Full screen for one element. Where the browser can, Escape then still goes to the program in the terminal. */

type Keyboard = { lock?: (keys: string[]) => Promise<void>; unlock?: () => void }
const keyboard = (): Keyboard | undefined => (navigator as { keyboard?: Keyboard }).keyboard

export const isFull = (element: Element | undefined): boolean =>
  element !== undefined && document.fullscreenElement === element

export async function toggleFull(element: HTMLElement | undefined): Promise<void> {
  if (!element) return
  if (isFull(element)) {
    keyboard()?.unlock?.()
    await document.exitFullscreen()
    return
  }
  await element.requestFullscreen()
  await keyboard()?.lock?.(['Escape']).catch(() => undefined)
}
