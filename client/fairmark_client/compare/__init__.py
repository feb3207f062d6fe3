"""Did it help? Models on the same held-out rows: measures with intervals, paired tests, a verdict, a report."""
