import { expect, it } from 'vitest'

import { intervalOf } from './monitoring'

it('takes intervals of 1 to 3600 whole seconds', () => {
  expect(['1', ' 10 ', '3600', '0', '3601', '1.5', 'ten', ''].map(intervalOf)).toEqual([1, 10, 3600, null, null, null, null, null])
})
