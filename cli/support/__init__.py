"""What several commands share. Nothing here knows a command."""
