/** What was last typed, kept while the console is open, so that a run can be corrected and run again. */
import { blank, type Draft } from './form'

class DraftState {
  value = $state<Draft>(blank())
}

export const kept = new DraftState()
let owner = ''

/** What somebody else typed before, in this tab, is not theirs to see. */
export function keepFor(user: string): void {
  if (owner !== user) kept.value = blank()
  owner = user
}
