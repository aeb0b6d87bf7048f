"""One run: what is asked for, what it takes, and what it gives."""
