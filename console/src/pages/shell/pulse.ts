/**
 * Whether the other side of a connection still answers. A network that went away says nothing to a page that only
 * waits, so something is asked from time to time; an answer, or anything else that comes, is a sign of life.
 */

export const BEAT_MS = 2_500
const QUIET_MS = 5_000
const SILENT_MS = 10_000

export class Pulse {
  #heard: number
  #asked: number | null = null

  constructor(now: number) {
    this.#heard = now
  }

  heard(now: number): void {
    this.#heard = now
    this.#asked = null
  }

  /** At each beat: whether to ask, and whether what was asked has waited too long for anything to come. */
  beat(now: number): { ask: boolean; silent: boolean } {
    const silent = this.#asked !== null && now - this.#asked >= SILENT_MS
    const ask = now - this.#heard >= QUIET_MS
    if (ask) this.#asked ??= now
    return { ask, silent }
  }
}
