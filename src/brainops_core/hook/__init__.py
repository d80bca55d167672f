"""What does a coding agent's hook say to an event of its client?"""
