"""A spec changes: amendments, what they change, the incident and the flags that led to them, and a hearing."""
