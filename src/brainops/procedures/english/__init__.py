"""How does plain English become a procedure?"""
