"""How is a language model asked, and what may that take?"""
