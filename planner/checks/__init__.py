"""What is looked at before planning: whether layers lie well, and whether they can carry a plan."""
