"""Metrics of machines: what comes in, where it is kept, and how it is read again."""
