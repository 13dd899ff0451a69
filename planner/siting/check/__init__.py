"""A plan against its rules, from the tables alone, without the solver."""
