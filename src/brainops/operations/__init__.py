"""What does memory say before an operation, and what does it keep of how the operation went?"""
