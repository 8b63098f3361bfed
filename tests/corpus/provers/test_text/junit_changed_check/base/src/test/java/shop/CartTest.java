package shop;

import org.junit.jupiter.api.Test;

class CartTest {
    @Test
    void sums() {
        assertEquals(3, Cart.total(1, 2));
    }
}
