"""Hooks: what a trainer imports to have its samples graded by the service."""
