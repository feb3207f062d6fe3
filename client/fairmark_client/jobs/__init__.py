"""Fine-tuning jobs on one's own machine or elsewhere: one interface, one ledger, one watch."""
