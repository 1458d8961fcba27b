"""Metrics that a user's Python file makes on a machine: checked there, kept, run, and stopped when it fails."""
