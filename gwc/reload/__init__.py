"""New files for a gateway that runs: checked, put in their place in one step, taken over without a failed request, or refused with the old ones serving."""
