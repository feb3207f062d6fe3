"""What each command of `fairmark` does."""
