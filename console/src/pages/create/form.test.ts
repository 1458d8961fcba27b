import { describe, expect, it } from 'vitest'

import { ApiError } from '../../api/errors'
import type { Description } from '../../api/types'
import type { Image, Size } from '../backends/catalog'
import { bodyOf, elsewhere, empty, extraOf, missing, namesOf, placed, price, suits, tagsOf } from './form'

const provider = { needs_size: true } as Description
const size = (more: Partial<Size>): Size => ({ id: 's', name: 's', price: 0.01, currency: 'USD', extra: {}, ...more }) as Size
const image = (extra: Record<string, unknown>): Image => ({ id: 'i', name: 'i', star: true, extra }) as Image

describe('bodyOf', () => {
  it('sends only what was chosen', () => {
    expect(bodyOf({ ...empty(), backend: 'b', image: 'i', name: ' web ' })).toEqual({ backend: 'b', image: 'i', name: 'web', quantity: 1 })
  })
  it('sends all of it', () => {
    const draft = {
      ...empty(), backend: 'b', image: 'i', size: 's', location: 'l', key: 'k', name: 'web', quantity: '3', tags: 'a, b,a',
      networks: ['n'], script: 'echo\n', sudo: true, user_data: '#cloud-config', monitoring: true, ssh: true, extra: 'pull=true',
    }
    expect(bodyOf(draft)).toEqual({
      backend: 'b', image: 'i', size: 's', location: 'l', key: 'k', name: 'web', quantity: 3, tags: ['a', 'b'],
      networks: ['n'], script: 'echo\n', sudo: true, user_data: '#cloud-config', monitoring: true, wait: 'ssh', extra: { pull: true },
    })
  })
})

it('takes values that are JSON as such, and names a line that is no option', () => {
  expect(extraOf('ports=[80]\nuser=app\n\nenv={"A": "b=c"}').extra).toEqual({ ports: [80], user: 'app', env: { A: 'b=c' } })
  expect(extraOf('nonsense').error).toContain('nonsense')
})

describe('missing', () => {
  it('wants image and name, and a size where the provider needs one', () => {
    expect(Object.keys(missing(empty(), provider))).toEqual(['backend', 'image', 'size', 'name'])
    expect(missing(empty(), { needs_size: false } as Description)).not.toHaveProperty('size')
  })
  it('refuses a quantity that is none', () => {
    for (const quantity of ['0', '101', '1.5', '']) expect(missing({ ...empty(), quantity }, provider)).toHaveProperty('quantity')
  })
})

it('puts an error at its field', () => {
  const error = (field: string): ApiError => new ApiError(400, 'invalid_input', 'No.', '', { field })
  expect([placed(error('name')), placed(error('tag')), placed(error('else')), placed(new Error('x'))]).toEqual([
    { name: 'No.' },
    { tags: 'No.' },
    {},
    {},
  ])
})

it('costs by quantity, nothing where no price is known', () => {
  expect(price(size({}), 3)).toMatchObject({ hour: '0.03 USD' })
  expect(price(size({}), 3)?.month).toMatch(/21\.90/)
  expect([price(size({ price: null }), 1), price(undefined, 1)]).toEqual([null, null])
})

it('fits an image on a size of its architecture, and on any when one of them does not say', () => {
  const arm = size({ extra: { architectures: ['arm64'] } })
  expect([suits(arm, image({ architecture: 'x86_64' })), suits(arm, image({ architecture: 'arm64' })), suits(arm, image({}))]).toEqual([false, true, true])
  expect(suits(size({}), image({ architecture: 'arm64' }))).toBe(true)
})

it('forgets the ids of one provider at another, and keeps what is the same everywhere', () => {
  const moved = elsewhere({ ...empty(), backend: 'a', image: 'i', size: 's', networks: ['n'], name: 'web', tags: 't' }, 'b')
  expect(moved).toMatchObject({ backend: 'b', image: '', size: '', networks: [], name: 'web', tags: 't' })
})

it('names machines and splits tags', () => {
  expect([namesOf('web', 1), namesOf('web', 3)]).toEqual(['web', 'web-1 to web-3'])
  expect(tagsOf(' a,b , ,a')).toEqual(['a', 'b'])
})
