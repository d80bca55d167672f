"""Which secrets and personal data stand in a text, and how does it read without them?"""
