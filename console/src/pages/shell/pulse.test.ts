import { expect, it } from 'vitest'

import { Pulse } from './pulse'

it('asks when nothing has come for a while, and says so when nothing comes then', () => {
  const pulse = new Pulse(0)
  expect(pulse.beat(2_500)).toEqual({ ask: false, silent: false })
  expect(pulse.beat(5_000)).toEqual({ ask: true, silent: false })
  expect(pulse.beat(12_500)).toEqual({ ask: true, silent: false })
  expect(pulse.beat(15_000)).toEqual({ ask: true, silent: true })
})

it('takes whatever comes as a sign of life', () => {
  const pulse = new Pulse(0)
  pulse.beat(5_000)
  pulse.beat(15_000)
  pulse.heard(16_000)
  expect(pulse.beat(17_500)).toEqual({ ask: false, silent: false })
  expect(pulse.beat(21_000)).toEqual({ ask: true, silent: false })
})

it('does not count the time in which a page that nobody sees did not ask', () => {
  const pulse = new Pulse(0)
  expect(pulse.beat(60_000)).toEqual({ ask: true, silent: false })
  pulse.heard(60_100)
  expect(pulse.beat(120_000)).toEqual({ ask: true, silent: false })
})
