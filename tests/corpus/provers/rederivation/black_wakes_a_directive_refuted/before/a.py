x = f( 1 )  #type:ignore
