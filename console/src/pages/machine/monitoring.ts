/** Ways of monitoring, and turning it on and off. */
import { post } from '../../api/client'
import type { Answer, Job } from '../../api/types'

export type Way = 'auto' | 'agent' | 'agentless' | 'by_hand'
export type ByHand = Answer<'ByHand'>

export const WAYS: { value: Way; text: string; help: string }[] = [
  {
    value: 'auto',
    text: 'Whatever suits the machine',
    help: 'An agent where collectd is packaged and Mist may become root; otherwise Mist samples the machine itself.',
  },
  { value: 'agent', text: 'With an agent', help: 'Mist installs collectd over SSH, and the machine sends by itself.' },
  { value: 'agentless', text: 'Without an agent', help: 'Mist reads /proc over a connection that it keeps. Nothing is installed.' },
  { value: 'by_hand', text: 'By hand', help: 'You get the commands to run on the machine; Mist does nothing there.' },
]

/** A job that does it, or the commands for somebody who does it by hand. */
export function enable(machineId: string, way: Way, intervalS: number): Promise<Job | ByHand> {
  const chosen = { auto: {}, agent: { agent: true }, agentless: { agent: false }, by_hand: { by_hand: true } }[way]
  const path = { machine_id: machineId }
  return post('/machines/{machine_id}/monitoring', { path, body: { interval_s: intervalS, ...chosen } })
}

export const isByHand = (answer: Job | ByHand): answer is ByHand => 'commands' in answer

export const WAY_TEXTS: Record<string, string> = {
  agent: 'an agent (collectd) on the machine',
  agentless: 'samples that Mist takes over a connection',
  by_hand: 'what you set up on the machine',
}

/** The interval that was typed, in whole seconds; null when it cannot be one. */
export function intervalOf(text: string): number | null {
  const value = Number(text.trim())
  return Number.isInteger(value) && value >= 1 && value <= 3600 ? value : null
}
