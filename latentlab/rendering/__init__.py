"""Rendering: requests, latest-wins lanes, backends, service."""
