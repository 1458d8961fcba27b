"""What the product is: frozen records and pure rules, without I/O, clock or cloud library."""
