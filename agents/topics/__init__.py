"""Following and writing topics of one partition, small enough to be read as a whole."""
