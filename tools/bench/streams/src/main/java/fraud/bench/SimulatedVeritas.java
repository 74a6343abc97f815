package fraud.bench;

/** The simulated verification service: its answer depends on account and seed alone. */
final class SimulatedVeritas {

  private final KeyedHash hash;
  private final double approvalRate;

  SimulatedVeritas(long seed, double approvalRate) {
    this.hash = new KeyedHash("veritas-" + seed);
    this.approvalRate = approvalRate;
  }

  boolean authorizes(BankAccount account, String digits) {
    String asked =
        account.firstName() + '\n' + account.lastName() + '\n' + digits + '\n' + account.amount();
    return hash.share(asked) < approvalRate;
  }
}
