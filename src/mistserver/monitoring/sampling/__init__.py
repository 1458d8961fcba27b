"""Metrics without an agent: a POSIX shell on the machine shows the kernel's own files, and Mist reads them here."""
