"""What the product does: one operation a file. Each authorises, runs one short transaction, records an event in it."""
