"""Exit codes: the same for every command, and independent of the format."""

from __future__ import annotations

FINE = 0
FINDINGS = 1  # findings, drift, failed test
INPUT = 2  # usage or input error; nothing was written
NOTHING = 3  # nothing to check, or the check is impossible here
UNENFORCEABLE = 4  # a control can't be enforced on a target; nothing was written
INTERNAL = 5
INTERRUPTED = 130  # as a shell reports SIGINT
BROKEN_PIPE = 141  # as a shell reports SIGPIPE: the reader of the output went away
