"""What the command prints: progress on stderr, plans and layers as tables on stdout."""
