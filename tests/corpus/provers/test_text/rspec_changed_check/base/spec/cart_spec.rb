require 'cart'

describe Cart do
  it 'sums' do
    expect(Cart.total([1, 2])).to eq(3)
  end
end
