package fraud.bench;

import java.util.ArrayList;
import java.util.List;

/** What an account must satisfy before the verification service is asked about it. */
final class Screening {

  private static final int SHORTEST_CARD = 12;
  private static final int LONGEST_CARD = 19;
  private static final int MINUS_SIGN = 0x2212;
  private static final int DELETE = 0x7f;

  /** First and last of each block of characters that show nothing; rules/names.py names them. */
  private static final int[][] BLANK_GLYPHS = {
    {0x034F, 0x034F}, {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F},
    {0x2800, 0x2800}, {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFFA0, 0xFFA0},
    {0x13441, 0x13442}, {0x16FE4, 0x16FE4}, {0x1D159, 0x1D159}, {0xE0100, 0xE01EF},
  };

  private Screening() {}

  /** The reasons against the account in the contract's order; empty when there are none. */
  static List<String> reasonsAgainst(BankAccount account, String digits) {
    List<String> reasons = new ArrayList<>(2);
    if (isBlank(account.firstName()) || isBlank(account.lastName())) {
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

  /** The card number without blanks and dashes: categories Zs and Pd, the tab, the minus sign. */
  static String digitsOf(String card) {
    if (isAllDigits(card)) {
      return card;
    }
    StringBuilder digits = new StringBuilder(card.length());
    card.codePoints().filter(each -> !isSeparator(each)).forEach(digits::appendCodePoint);
    return digits.toString();
  }

  private static boolean isSeparator(int character) {
    int category = Character.getType(character);
    return category == Character.SPACE_SEPARATOR
        || category == Character.DASH_PUNCTUATION
        || character == '\t'
        || character == MINUS_SIGN;
  }

  private static boolean isWellFormed(String digits) {
    int length = digits.length();
    return SHORTEST_CARD <= length
        && length <= LONGEST_CARD
        && isAllDigits(digits)
        && !digits.equals(digits.substring(0, 1).repeat(length));
  }

  /** Whether a name has no character with a visible glyph; by the Unicode version of this Java. */
  private static boolean isBlank(String name) {
    return name.codePoints().noneMatch(Screening::isVisible);
  }

  private static boolean isVisible(int character) {
    if (' ' < character && character < DELETE) {
      return true;
    }
    for (int[] range : BLANK_GLYPHS) {
      if (range[0] <= character && character <= range[1]) {
        return false;
      }
    }
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.SPACE_SEPARATOR,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR -> false;
      default -> true;
    };
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
