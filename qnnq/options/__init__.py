"""What can be asked for: each option is declared once, beside a field of a dataclass."""
