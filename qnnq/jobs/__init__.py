"""Jobs on machines: what a run costs, its jobs, and a ledger that outlives the process."""
