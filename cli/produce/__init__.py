"""`produce SIZE`."""
