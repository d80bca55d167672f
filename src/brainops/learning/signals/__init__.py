"""What do logs and metrics say?"""
