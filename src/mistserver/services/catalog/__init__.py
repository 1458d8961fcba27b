"""What a backend offers to build machines from, asked for when somebody wants to know."""
