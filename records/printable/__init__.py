"""What may be printed of text, ids and verdicts that anybody may have written."""
