"""The ground floor of numbers: compiled loops, a network simplex method, the integer solver."""
