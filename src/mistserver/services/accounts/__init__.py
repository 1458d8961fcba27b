"""Who may use the service, and how they prove it."""
