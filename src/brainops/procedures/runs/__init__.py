"""How does a run go from its first step to its end?"""
