<?php

class CartTest extends TestCase
{
    public function testSums(): void
    {
        $this->assertSame(3, Cart::total([1, 2]));
    }
}
