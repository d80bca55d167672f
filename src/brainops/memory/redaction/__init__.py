"""What in a text must not be kept, and how does the text read without it?"""
