"""How are conditions and templates read, checked and evaluated?"""
