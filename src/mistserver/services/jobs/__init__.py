"""Jobs as their users see them: list, get, items, cancel, follow."""
