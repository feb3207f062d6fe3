"""What is looked at before anybody pays for training; each check is an API, and `fairmark check` prints it."""
