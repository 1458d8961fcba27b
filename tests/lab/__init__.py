"""Real systems for the tests, each started once a session, in a private directory, and stopped by its pid."""
