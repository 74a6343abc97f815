"""Converts bytes to records and back. Strict and bounded, as anybody may have written them."""
