"""What keeps this repository in order; nothing of it is shipped."""
