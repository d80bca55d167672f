"""How is a procedure read, checked, written and rehearsed?"""
