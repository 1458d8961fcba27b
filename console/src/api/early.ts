/**
 * What the service told the browser to fetch with the page is asked for at once, all together, before anybody wants it.
 * Each answer is given once, to whoever asks for the same address first.
 */
export type Exchanged = { response: Response; text: string }

/** Without a header of its own: else a browser would not answer with what it fetched, but ask again. */
export const READING = { credentials: 'same-origin', headers: { Accept: 'application/json' } } as const

const GOOD_MS = 5000
const coming = new Map<string, Promise<Exchanged>>()

export async function ask(url: string, init: RequestInit): Promise<Exchanged> {
  const response = await fetch(url, init)
  return { response, text: await response.text() }
}

/** Called once, first of all. */
export function askEarly(): void {
  for (const { attributes } of document.querySelectorAll('link[rel="preload"][as="fetch"]')) {
    const url = attributes.getNamedItem('href')?.value ?? ''
    const answer = ask(url, { method: 'GET', ...READING })
    answer.catch(() => undefined) // whoever wants it hears of it
    coming.set(url, answer)
  }
  setTimeout(forgetEarly, GOOD_MS)
}

/** What is old, or was asked for somebody who is signed in no more, is no answer. */
export function forgetEarly(): void {
  coming.clear()
}

export function early(url: string): Promise<Exchanged> | undefined {
  const answer = coming.get(url)
  coming.delete(url)
  return answer
}
