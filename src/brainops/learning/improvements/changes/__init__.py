"""How is each kind of improvement found, applied, measured and taken back?"""
