"""Results as tables and lines: what console, files and reports show of them."""
