"""Makes text, ids and verdicts safe to print, as anybody may have written them."""
