/**
 * What becomes of a form that is sent: `busy` on the way, then the error, at the field that it names or beside the form.
 *
 *     const sent = new Submission()
 *     if (await sent.send(() => post('/keys', { body }))) open = false
 */
import { ApiError, asError, fieldOf } from '../api/errors'

export class Submission {
  busy = $state(false)
  error = $state.raw<Error | null>(null)
  #named: string

  /** `named`: the field that holds what must not be there twice. */
  constructor(named = 'name') {
    this.#named = named
  }

  /** Whether it went well. What is sent already is not sent again. */
  async send(work: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false
    this.busy = true
    this.error = null
    try {
      await work()
      return true
    } catch (thrown) {
      this.error = asError(thrown)
      return false
    } finally {
      this.busy = false
    }
  }

  clear(): void {
    this.error = null
  }

  /** What is wrong with one field. */
  at(field: string): string | undefined {
    return this.#field === field ? this.error?.message : undefined
  }

  /** The error, unless it is shown at one of these fields. */
  besides(...fields: string[]): Error | null {
    return fields.includes(this.#field) ? null : this.error
  }

  get #field(): string {
    if (!this.error) return ''
    const taken = this.error instanceof ApiError && this.error.code === 'already_exists'
    return fieldOf(this.error) || (taken ? this.#named : '')
  }
}
