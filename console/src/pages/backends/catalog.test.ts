import { describe, expect, it } from 'vitest'

import { disk, fitting, hourly, monthly, ram, type Size } from './catalog'

const size = (more: Partial<Size>): Size =>
  ({ id: 's', name: 'small', cores: 1, ram_mb: 512, disk_gb: 10, price: 0.0052, currency: 'USD', extra: {}, ...more }) as Size

describe('prices', () => {
  it('are by the hour, shown by the month too', () => {
    expect(hourly(size({}))).toBe('0.0052 USD')
    expect(hourly(size({ price: 1.5 }))).toBe('1.50 USD')
    expect(monthly(size({ price: 0.01 }))).toMatch(/7\.30/)
  })
  it('are nothing where none is known', () => {
    expect([hourly(size({ price: null })), monthly(size({ price: null }))]).toEqual(['', ''])
  })
})

it('shows memory and disk in the units that people know', () => {
  expect([512, 2048, 1536, 15_616].map((ram_mb) => ram(size({ ram_mb })))).toEqual(['512 MiB', '2 GiB', '1536 MiB', '15.3 GiB'])
  expect([disk(size({})), disk(size({ disk_gb: 0 }))]).toEqual(['10 GB', ''])
})

it('finds sizes by every word', () => {
  const all = [size({ id: 't3.micro', name: 't3.micro' }), size({ id: 'm5.large', name: 'm5.large' })]
  expect(fitting(all, 'T3 mic').map(({ id }) => id)).toEqual(['t3.micro'])
  expect(fitting(all, ' ')).toHaveLength(2)
})
