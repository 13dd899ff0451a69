"""How the program is solved at city size: prices and their bound, walks, and settling."""
