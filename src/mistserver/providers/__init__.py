"""Providers: each turns one vendor's API into Mist's records. Values in, values out; nothing is stored here."""
