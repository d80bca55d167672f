"""How does what is stored leave, come back, and move into archives?"""
