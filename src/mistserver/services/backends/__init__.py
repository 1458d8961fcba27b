"""Backends: accounts at providers, added, changed and taken away."""
