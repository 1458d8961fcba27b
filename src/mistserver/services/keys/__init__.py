"""SSH keys: uploaded or generated, renamed, exported, deleted."""
