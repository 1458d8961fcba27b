"""Machines over SSH: one pool of open connections, and what goes through them. Knows neither users nor providers."""
