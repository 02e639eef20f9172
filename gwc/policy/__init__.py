"""The policy language: YAML documents of the user -> checked specs that know where they were written."""
