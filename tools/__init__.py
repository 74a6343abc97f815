"""What developers run beside the worker; no running worker imports it."""
