"""How does a goal become steps with agents, and what came of such goals before?"""
