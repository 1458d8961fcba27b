"""Machines: found, listed, created, acted on, reached and watched."""
