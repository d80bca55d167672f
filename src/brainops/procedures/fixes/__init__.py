"""How is a known solution bound, proved, applied and taken back?"""
