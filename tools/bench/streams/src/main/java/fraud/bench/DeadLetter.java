package fraud.bench;

/** The untouched bytes of a record that is no account, and the partition that it came from. */
record DeadLetter(byte[] value, int partition) {}
