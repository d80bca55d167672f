"""What helps against an error, where, and which errors have one cause?"""
