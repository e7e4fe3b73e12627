"""What is known about the practice software: tables, codes, values, what is protected."""
