"""What does each kind of step do?"""
