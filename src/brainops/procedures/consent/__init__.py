"""Who lets something happen, how is that proven, and who is told?"""
