"""Pure judging: rule sets, from their files to what they decide about an account."""
