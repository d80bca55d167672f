"""What does the record teach, and what is changed because of it?"""
