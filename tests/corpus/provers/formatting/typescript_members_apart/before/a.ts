interface A { a : string ; readonly b? : number }
class B { constructor( private c : string ){ } }
enum E { X=1,Y }
