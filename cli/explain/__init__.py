"""`explain`: prints why an account was judged so. `lookup/` finds out."""
