"""Puts compiled configuration on disk, whole or not at all, and tells whether what is there is still what gwc would write."""
