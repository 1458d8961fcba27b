/** Puts text on the clipboard, also over plain HTTP, where browsers offer no clipboard. False when it is refused. */
export async function copyText(text: string): Promise<boolean> {
  if (window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text)
      return true
    } catch {
      // Permission may be refused where the old way is not.
    }
  }
  return copyBySelection(text)
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'sr'
  area.setAttribute('aria-hidden', 'true')
  const back = document.activeElement
  const host = back?.closest('dialog') ?? document.body
  host.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  if (back instanceof HTMLElement) back.focus()
  return copied
}
