"""What a published Model Spec says: its records, two releases compared, who cites whom."""
