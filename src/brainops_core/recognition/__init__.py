"""Which error does a text speak of, and is it the one that was seen before?"""
