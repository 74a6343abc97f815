"""From bytes to a record and back: strict, within bounds, never trusting the writer."""
