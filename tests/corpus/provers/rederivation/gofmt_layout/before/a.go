package  a

func  f( ){ }
