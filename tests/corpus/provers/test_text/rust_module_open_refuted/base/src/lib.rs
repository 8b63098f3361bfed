mod cart_tests;
