/** The same for many things, a few at a time; what fails does not stop the others. */
import { asError } from './errors'

export type Outcome<T> = { done: T[]; failed: { item: T; error: Error }[] }

export async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>, atOnce = 6): Promise<Outcome<T>> {
  const outcome: Outcome<T> = { done: [], failed: [] }
  const waiting = [...items]
  async function worker(): Promise<void> {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await work(item)
        outcome.done.push(item)
      } catch (thrown) {
        outcome.failed.push({ item, error: asError(thrown) })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return outcome
}
