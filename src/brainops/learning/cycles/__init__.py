"""What is learnt in each cycle, and when is it due?"""
