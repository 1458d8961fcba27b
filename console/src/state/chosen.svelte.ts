/**
 * Machines that were chosen in the table and are to be used on another page ("run a command on these"). Kept for this
 * tab of the browser, since thousands of ids do not fit into an address.
 */
const KEY = 'mist.chosen'

class ChosenState {
  machines = $state.raw<string[]>(stored())
}

export const chosen = new ChosenState()

export function chooseMachines(ids: Iterable<string>): void {
  chosen.machines = [...ids]
  try {
    sessionStorage.setItem(KEY, JSON.stringify(chosen.machines))
  } catch {
    // Without storage they last until the page is loaded anew.
  }
}

function stored(): string[] {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]')
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
  } catch {
    return []
  }
}
