"""Many runs from one file: tasks, workers, and a results file that survives anything."""
