"""How is the memory doing? Figures, checks, and what makes it worse to read."""
