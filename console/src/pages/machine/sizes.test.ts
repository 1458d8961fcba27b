import { expect, it } from 'vitest'

import type { Size } from '../backends/catalog'
import { others, sizeText } from './sizes'

const size = (id: string, more: Partial<Size> = {}): Size =>
  ({ id, name: id, cores: 2, ram_mb: 2048, disk_gb: null, price: null, currency: null, ...more }) as Size

it('leaves out the size that the machine has, and begins with the cheapest', () => {
  const given = [size('own', { price: 0.1 }), size('unknown'), size('big', { price: 2 }), size('small', { price: 1 })]
  expect(others(given, 'own').map(({ id }) => id)).toEqual(['small', 'big', 'unknown'])
})

it('says what is known of a size', () => {
  expect(sizeText(size('t3.small', { price: 0.024, currency: 'USD' }))).toMatch(/^t3\.small · .*17\.52 a month · 2 cores · 2 GiB$/)
  expect(sizeText(size('tiny', { cores: 1, ram_mb: 512, disk_gb: 10 }))).toBe('tiny · 1 core · 512 MiB · 10 GB')
})
