"""How long partitions stand still while workers are restarted one after the other."""
