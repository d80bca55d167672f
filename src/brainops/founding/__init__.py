"""Which six procedures was BrainOps founded with, and what do their steps call?"""
