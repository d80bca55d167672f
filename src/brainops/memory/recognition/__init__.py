"""Which error is this, and was it seen before?"""
