import { total } from '../src/cart'

test('total', () => {
  expect(total([1])).toBe(1)
  expect(total([])).toBe(0)
})
