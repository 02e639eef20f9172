"""Counts how gwc fares with collections that others made: every case is a request through the model and through real gateways."""
