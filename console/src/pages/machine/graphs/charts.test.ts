import { describe, expect, it } from 'vitest'

import type { Alert, Rule } from '../../../api/types'
import { chartsOf, limitsOf, rulesFor } from './charts'
import type { Meta } from './series'

const meta = (name: string, unit = '', priority = 0): Meta => ({ name, unit, min_value: 0, max_value: null, priority })
const rule = (changes: Partial<Rule>): Rule =>
  ({ id: 'r', enabled: true, machine_id: 'm', tag: null, metric: 'load.shortterm', value: 4, ...changes }) as Rule
const alert = (changes: Partial<Alert>): Alert =>
  ({ id: 'a', rule_id: 'r', state: 'firing', fired_at: null, resolved_at: null, ...changes }) as Alert
const at = (second: number): string => new Date(second * 1000).toISOString()

describe('chartsOf', () => {
  it('puts the builtin ones together, and each other metric alone, by priority', () => {
    const metas = new Map([
      ['zzz', meta('Sold', 'tickets', 12)],
      ['load.midterm', meta('Load (5 mins)')],
      ['cpu.total.nonidle', meta('CPU', '%')],
      ['load.shortterm', meta('Load')],
      ['aaa', meta('Bought', '', 13)],
    ])
    const charts = chartsOf(metas)
    expect(charts.map((each) => each.title)).toEqual(['CPU', 'Load', 'Sold', 'Bought'])
    expect(charts.map((each) => each.lines.length)).toEqual([1, 2, 1, 1])
    expect(charts.map((each) => each.ceiling)).toEqual([100, null, null, null])
  })
})

describe('limitsOf', () => {
  const [load] = chartsOf(new Map([['load.shortterm', meta('Load')]]))
  if (!load) throw new Error('no graph')

  it('shows the rules on what the graph shows, by old names too', () => {
    const rules = [rule({}), rule({ id: 'old', metric: 'load' }), rule({ id: 'cpu', metric: 'cpu' }), rule({ id: 'off', enabled: false })]
    expect(limitsOf(load, rules, [], 0).map((limit) => limit.rule.id)).toEqual(['r', 'old'])
  })
  it('shades when it fired: until it was resolved, or until now', () => {
    const alerts = [
      alert({ state: 'resolved', fired_at: at(100), resolved_at: at(160) }),
      alert({ fired_at: at(200) }),
      alert({ state: 'pending' }),
    ]
    expect(limitsOf(load, [rule({})], alerts, 250)).toMatchObject([
      { state: 'firing', fired: [{ from: 100, to: 160 }, { from: 200, to: 250 }] },
    ])
  })
  it('is pending or quiet otherwise', () => {
    expect(limitsOf(load, [rule({})], [alert({ state: 'pending' })], 0)[0]?.state).toBe('pending')
    expect(limitsOf(load, [rule({})], [alert({ rule_id: 'other' })], 0)[0]?.state).toBe('quiet')
  })
})

it('takes a machine’s own rules and those of its tags', () => {
  const rules = [rule({}), rule({ id: 't', machine_id: null, tag: 'web' }), rule({ id: 'o', machine_id: 'other' })]
  expect(rulesFor(rules, 'm', ['web']).map((each) => each.id)).toEqual(['r', 't'])
  expect(rulesFor(rules, 'm', []).map((each) => each.id)).toEqual(['r'])
})
