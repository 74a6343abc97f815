package fraud.bench;

import java.util.ArrayList;
import java.util.List;

/** What an account must satisfy before the verification service is asked about it. */
final class Screening {

  private static final int SHORTEST_CARD = 12;
  private static final int LONGEST_CARD = 19;

  private Screening() {}

  /** The reasons against the account in the contract's order; empty when there are none. */
  static List<String> reasonsAgainst(BankAccount account, String digits) {
    List<String> reasons = new ArrayList<>(2);
    if (account.firstName().isBlank() || account.lastName().isBlank()) {
      reasons.add("name_blank");
    }
    double amount = account.amount();
    if (!(amount > 0) || Double.isInfinite(amount)) {
      reasons.add("amount_not_positive");
    }
    if (!isWellFormed(digits)) {
      reasons.add("card_malformed");
    } else if (!hasValidChecksum(digits)) {
      reasons.add("card_checksum");
    }
    return reasons;
  }

  /** The card number without the spaces and dashes that people write between its groups. */
  static String digitsOf(String card) {
    return card.indexOf(' ') < 0 && card.indexOf('-') < 0
        ? card
        : card.replace(" ", "").replace("-", "");
  }

  private static boolean isWellFormed(String digits) {
    int length = digits.length();
    return SHORTEST_CARD <= length && length <= LONGEST_CARD && isAllDigits(digits);
  }

  static boolean isAllDigits(String digits) {
    for (int i = 0; i < digits.length(); i++) {
      char digit = digits.charAt(i);
      if (digit < '0' || digit > '9') {
        return false;
      }
    }
    return true;
  }

  /** Luhn's checksum (ISO/IEC 7812-1, annex B). */
  private static boolean hasValidChecksum(String digits) {
    int sum = 0;
    boolean doubled = false;
    for (int i = digits.length() - 1; i >= 0; i--) {
      int digit = digits.charAt(i) - '0';
      if (doubled) {
        digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
      }
      sum += digit;
      doubled = !doubled;
    }
    return sum % 10 == 0;
  }
}
