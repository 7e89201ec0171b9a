"""What a person can ask for by mail: each command declares its names, its help lines and its patterns in one place."""
