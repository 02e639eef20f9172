"""API keys: their form, their life, and the edits that put their digests into a consumers file."""
