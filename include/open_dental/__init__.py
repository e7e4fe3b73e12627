"""What is known about the practice software: tables, codes, what is protected."""
