export * from './cart.test'
