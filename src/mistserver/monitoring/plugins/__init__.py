"""Metrics from a Python file of a user's: what runs it on a machine, and what is made of its answers."""
