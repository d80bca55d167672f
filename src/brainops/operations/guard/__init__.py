"""What may be done, by which rules, and how is that recorded?"""
