"""How fast the stream is, next to two other programs that do the same work. See README.md."""
