"""How is each kind of agent reached, within its limits, and what did it answer?"""
