/**
 * xterm.js makes `<style>` elements when it is opened, and style attributes for colours of its own; the page's policy
 * refuses both. Constructed sheets take the place of the former, and the latter are set through CSSOM.
 */
import type { Terminal } from '@xterm/xterm'

const make = (tag: string): HTMLElement => Document.prototype.createElement.call(document, tag)

/** `terminal.open`, for the time of which the page's document makes no style elements. */
export function openIn(terminal: Terminal, element: HTMLElement): void {
  const page = document as { createElement?: (tag: string) => HTMLElement }
  page.createElement = (tag) => (tag === 'style' ? styleElement() : make(tag))
  try {
    terminal.open(element)
  } finally {
    delete page.createElement
  }
}

/** An element that is no style, whose text becomes a sheet of the page for as long as it is there. */
function styleElement(): HTMLElement {
  const sheet = new CSSStyleSheet()
  document.adoptedStyleSheets.push(sheet)
  const element = make('template')
  Object.defineProperty(element, 'textContent', {
    set: (text: string) => {
      sheet.replaceSync(text)
    },
  })
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet)
    Element.prototype.remove.call(element)
  }
  return element
}

/** The rows of a terminal are spans; to any other code this does what it did before, only that it is allowed. */
HTMLSpanElement.prototype.setAttribute = function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === 'style') this.style.cssText = value
  else Element.prototype.setAttribute.call(this, name, value)
}
