/** Whether the command palette is open, and whether it ever was: until then there is no need of it. */
class PaletteState {
  open = $state(false)
  used = $state(false)
}

export const palette = new PaletteState()

export function openPalette(): void {
  palette.used = true
  palette.open = true
}

/** Ctrl-K, or ⌘K, but in a terminal, where it means something else. */
export function onPaletteKey(event: KeyboardEvent): void {
  if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return
  if (event.target instanceof Element && event.target.closest('.xterm')) return
  event.preventDefault()
  if (palette.open) palette.open = false
  else openPalette()
}
