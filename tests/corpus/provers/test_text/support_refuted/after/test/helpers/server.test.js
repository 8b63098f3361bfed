import { total } from '../src/cart'

test('sums', () => {
  expect(total([1, 2])).toStrictEqual(3)
})
