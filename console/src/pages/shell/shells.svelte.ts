/** Open shells. They live outside of the page, so that they go on while other pages are looked at. */
import { Shell } from './running.svelte'

export type { Shell }

class Shells {
  all = $state.raw<Shell[]>([])
  active = $state.raw<Shell | null>(null)
  userId = ''
}

export const shells = new Shells()

/** Before they are shown: what one person left open is not for the next who signs in. */
export function shownTo(userId: string): void {
  if (shells.userId !== userId) for (const shell of shells.all) closeShell(shell)
  shells.userId = userId
}

export function openShell(machineId: string, name: string): Shell {
  const shell = new Shell(machineId, name)
  shells.all = [...shells.all, shell]
  shells.active = shell
  return shell
}

/** The one that is shown for a machine: the newest that is open, or a new one. */
export function shellOf(machineId: string, name: string): Shell {
  const open = shells.all.findLast((each) => each.machineId === machineId)
  shells.active = open ?? openShell(machineId, name)
  return shells.active
}

/** Ends it; its neighbour is shown. */
export function closeShell(shell: Shell): void {
  const at = shells.all.indexOf(shell)
  shell.close()
  shells.all = shells.all.filter((each) => each !== shell)
  if (shells.active === shell) shells.active = shells.all[Math.min(at, shells.all.length - 1)] ?? null
}

/** In a terminal Ctrl+W deletes a word; a browser that closes the page on it asks first while shells are open. */
window.addEventListener('beforeunload', (event) => {
  if (shells.all.some((each) => each.state === 'open')) event.preventDefault()
})
