"""What a job costs: prices, what one has spent, and what one will."""
