"""Plain files of project instructions (AGENTS.md): what they say, what is hidden in them, and what it means for a spec."""
