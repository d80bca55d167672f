"""How do instances share what they learnt?"""
