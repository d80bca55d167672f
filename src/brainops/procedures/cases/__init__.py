"""What do past cases say of a new one?"""
