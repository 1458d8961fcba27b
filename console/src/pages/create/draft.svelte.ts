/** What was last typed into the form, kept while the console is open: a create that failed can be corrected. */
import { type Draft, empty } from './form'

class DraftState {
  value = $state<Draft>(empty())
}

export const kept = new DraftState()
let owner = ''

/** What somebody else typed before, in this tab, is not theirs to see. */
export function keepFor(user: string): void {
  if (owner !== user) kept.value = empty()
  owner = user
}
