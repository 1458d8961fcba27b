/** The actions on one machine: what to ask before, and in which words. */
import { post } from '../../api/client'
import type { Job, Machine, MachineAction } from '../../api/types'
import type { IconName } from '../../components/icons'
import { confirm } from '../../state/confirm.svelte'

/** `why` it is not possible now; undefined when it is. */
export type Deed = { action: MachineAction; text: string; icon: IconName; why: string | undefined }

const TEXTS: [action: MachineAction, text: string, icon: IconName][] = [
  ['start', 'Start', 'start'],
  ['stop', 'Stop', 'stop'],
  ['reboot', 'Reboot', 'reboot'],
  ['resize', 'Resize', 'expand'],
  ['destroy', 'Destroy', 'destroy'],
]

/** What the provider ever can, in a fixed order, and whether it is possible now. */
export function deeds(machine: Machine, able: readonly string[], busy: boolean): Deed[] {
  const offered = TEXTS.filter(([action]) => able.includes(action) || machine.actions.includes(action))
  return offered.map(([action, text, icon]) => ({
    action,
    text,
    icon,
    why: busy ? 'Another job works on it' : machine.actions.includes(action) ? undefined : `Not while it is ${machine.state}`,
  }))
}

/** Whether it was confirmed; starting needs no question. */
export function confirmed(machine: Machine, action: MachineAction): Promise<boolean> {
  const { name } = machine
  if (action === 'stop') {
    const lines = ['What runs on it is shut down. Most providers go on charging for its disk.']
    return confirm({ title: `Stop ${name}?`, lines, action: 'Stop' })
  }
  if (action === 'reboot') {
    return confirm({ title: `Reboot ${name}?`, lines: ['It does not answer while it starts again.'], action: 'Reboot' })
  }
  if (action === 'destroy') {
    return confirm({
      title: `Destroy ${name}?`,
      lines: [`The machine and what is on its disk are gone for ever, at ${machine.backend_name} too.`],
      action: 'Destroy',
      danger: true,
      typed: { label: `Type ${name} to go on`, text: name.trim() },
    })
  }
  return Promise.resolve(true)
}

export function act(machineId: string, action: MachineAction, size?: string): Promise<Job> {
  const body = size === undefined ? { action } : { action, size }
  return post('/machines/{machine_id}/actions', { path: { machine_id: machineId }, body })
}

/** States in which nobody can sign in to it. */
const SILENT: ReadonlySet<string> = new Set(['stopped', 'paused', 'suspended', 'terminated'])

/** Whether a shell can be opened: a provider that runs commands there, or an address for SSH. */
export function opensShell(machine: Machine, hasExec: boolean): boolean {
  const reachable = hasExec || machine.public_ips.length + machine.private_ips.length > 0 || machine.ssh_host !== null
  return reachable && !SILENT.has(machine.state)
}
