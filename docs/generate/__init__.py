"""The pages that are made from the program when the site is built: commands, keys of a scenario, Python."""
