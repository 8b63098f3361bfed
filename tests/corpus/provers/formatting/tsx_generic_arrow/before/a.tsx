const f = <T,>(x: T)=>x;
const g = <T extends A>(x: T)=>[x,<b/>];
