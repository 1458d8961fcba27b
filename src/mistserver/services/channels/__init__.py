"""Channels that alerts are told on."""
