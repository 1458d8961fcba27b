"""What Mist keeps: the only SQL on product data. One file per noun; every function takes the open connection first."""
