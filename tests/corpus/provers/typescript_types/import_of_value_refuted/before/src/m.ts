import { A } from 'a';
export let a: A = 1;
