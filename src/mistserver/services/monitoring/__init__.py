"""Monitoring: letting machines send metrics, taking what they send, and showing it."""
