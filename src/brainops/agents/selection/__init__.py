"""Which agent has done best at this kind of task?"""
