"""From rows to files that a job can be started with: read, split, resample, format, validate."""
