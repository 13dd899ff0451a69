"""Every figure of a scenario as a table: shown, edited, written to a file, drawn within its range."""
