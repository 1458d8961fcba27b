/** What was last typed, kept while the console is open, so that a run can be corrected and run again. */
import { blank, type Draft } from './form'

class DraftState {
  value = $state<Draft>(blank())
}

export const kept = new DraftState()
