"""A gateway on this machine for a moment: throw-away certificates and keys, an upstream that tells what it saw, real processes.

Used by `gwc up`, the demonstration and the tests. Needs the extra `run`; every heavy import is made where it is needed.
Nothing here is for production: the keys are new in each run and lie readable in a temporary folder.
"""
