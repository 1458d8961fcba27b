"""The durable job engine: what was asked for is done, through crashes and restarts, once and to an end."""
