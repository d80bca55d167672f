"""When does a procedure apply?"""
