/** Which entries of the palette match what was typed, the best first. */

export type Entry = { id: string; text: string; note: string; words: string; run: () => void }

const MOST = 50

/** Every word has to be found; at the start of the name counts most, then at the start of a word. */
export function rank(entries: readonly Entry[], typed: string): Entry[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return entries.slice(0, MOST)
  const found: { entry: Entry; score: number }[] = []
  for (const entry of entries) {
    const score = scored(entry, words)
    if (score > 0) found.push({ entry, score })
  }
  found.sort((a, b) => b.score - a.score)
  return found.slice(0, MOST).map(({ entry }) => entry)
}

function scored(entry: Entry, words: string[]): number {
  const text = entry.text.toLowerCase()
  let score = 0
  for (const word of words) {
    const at = text.indexOf(word)
    if (text === word) score += 6
    else if (at === 0) score += 4
    else if (at > 0) score += /[\s\-_.]/.test(text.charAt(at - 1)) ? 3 : 2
    else if (entry.words.toLowerCase().includes(word)) score += 1
    else return 0
  }
  return score
}
