"""What models say to prompts: sampled from an endpoint or a local checkpoint, or read from a file."""
