"""Panels: each builds its widgets, reads the state and calls `apply`."""
