import type { Body, Rule } from '../../api/types'

export const NODATA = 'nodata'

/** What a form about a rule holds; numbers as they are typed. */
export type Draft = {
  name: string
  on: 'machine' | 'tag'
  machine_id: string
  tag: string
  metric: string
  operator: string
  value: string
  aggregate: string
  window_s: string
  for_s: string
  action: string
  command: string
  script: string
  sudo: boolean
  allow_destroy: boolean
  channels: string[]
  reminder_offset_s: string
}

export const BLANK: Draft = {
  name: '',
  on: 'machine',
  machine_id: '',
  tag: '',
  metric: '',
  operator: 'gt',
  value: '',
  aggregate: 'all',
  window_s: '90',
  for_s: '0',
  action: 'notify',
  command: '',
  script: '',
  sudo: false,
  allow_destroy: false,
  channels: [],
  reminder_offset_s: '0',
}

export const ACTIONS = [
  { value: 'notify', text: 'Tell the channels' },
  { value: 'command', text: 'Run a command there' },
  { value: 'script', text: 'Run a script there' },
  { value: 'reboot', text: 'Reboot the machine' },
  { value: 'start', text: 'Start the machine' },
  { value: 'destroy', text: 'Destroy the machine' },
]

export const AGGREGATES = [
  { value: 'all', text: 'all points' },
  { value: 'any', text: 'any point' },
  { value: 'avg', text: 'the mean' },
]

const OPERATORS: Record<string, string> = { gt: '>', lt: '<' }

/** `load.shortterm > 5`. */
export function conditionOf(rule: Pick<Rule, 'metric' | 'operator' | 'value'>): string {
  return rule.metric === NODATA ? 'no data' : `${rule.metric} ${OPERATORS[rule.operator] ?? rule.operator} ${String(rule.value)}`
}

export function draftOf(rule: Rule): Draft {
  return {
    ...BLANK,
    name: rule.name,
    on: rule.tag === null ? 'machine' : 'tag',
    machine_id: rule.machine_id ?? '',
    tag: rule.tag ?? '',
    metric: rule.metric,
    operator: rule.operator,
    value: String(rule.value),
    aggregate: rule.aggregate,
    window_s: String(rule.window_s),
    for_s: String(rule.for_s),
    action: rule.action,
    command: rule.command ?? '',
    sudo: rule.sudo,
    allow_destroy: rule.allow_destroy,
    channels: rule.channels,
    reminder_offset_s: String(rule.reminder_offset_s),
  }
}

/** What is wrong with a draft, by field, as far as it can be told before it is sent. */
export function problems(draft: Draft): Partial<Record<keyof Draft, string>> {
  const wrong: Partial<Record<keyof Draft, string>> = {}
  if (draft.on === 'machine' && draft.machine_id === '') wrong.machine_id = 'Choose a machine, or a tag.'
  if (draft.on === 'tag' && draft.tag.trim() === '') wrong.tag = 'Name the tag.'
  if (draft.metric.trim() === '') wrong.metric = 'Choose a metric.'
  if (draft.metric !== NODATA && (draft.value.trim() === '' || !Number.isFinite(Number(draft.value)))) {
    wrong.value = 'Give the number that the metric is compared with.'
  }
  if (draft.action === 'command' && draft.command.trim() === '') wrong.command = 'Give the command.'
  if (draft.action === 'destroy' && !draft.allow_destroy) wrong.allow_destroy = 'Say that it may be destroyed.'
  return wrong
}

type Common = Omit<Body<'AddRule'>, 'machine_id' | 'tag' | 'script' | 'command' | 'name'>

function common(draft: Draft): Common {
  return {
    metric: draft.metric.trim(),
    ...(draft.metric === NODATA ? {} : { value: Number(draft.value) }),
    operator: draft.operator as 'gt' | 'lt',
    aggregate: draft.aggregate as 'all' | 'any' | 'avg',
    window_s: Number(draft.window_s),
    for_s: Number(draft.for_s),
    action: draft.action as Rule['action'],
    sudo: draft.sudo,
    allow_destroy: draft.allow_destroy,
    channels: draft.channels,
    reminder_offset_s: Number(draft.reminder_offset_s),
  } as Common
}

const orders = (draft: Draft): { command?: string; script?: string } => ({
  ...(draft.action === 'command' ? { command: draft.command } : {}),
  ...(draft.action === 'script' && draft.script !== '' ? { script: draft.script } : {}),
})

export function added(draft: Draft): Body<'AddRule'> {
  const about = draft.on === 'machine' ? { machine_id: draft.machine_id } : { tag: draft.tag.trim() }
  return { ...common(draft), ...orders(draft), ...about, ...(draft.name.trim() ? { name: draft.name.trim() } : {}) }
}

export function changed(draft: Draft): Body<'UpdateRule'> {
  return { ...common(draft), ...orders(draft), ...(draft.name.trim() ? { name: draft.name.trim() } : {}) } as Body<'UpdateRule'>
}
