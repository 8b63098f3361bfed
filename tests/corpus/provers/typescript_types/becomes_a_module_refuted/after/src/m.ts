export interface Q {}
let a = 1;
