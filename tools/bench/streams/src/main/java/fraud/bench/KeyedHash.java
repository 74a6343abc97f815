package fraud.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * HMAC-SHA-256, cut to what is needed. Java has no BLAKE2b, which the Python programs use; with the
 * processor's SHA instructions the two cost about the same. One thread at a time.
 */
final class KeyedHash {

  private static final String ALGORITHM = "HmacSHA256";
  private static final int TOKEN_BYTES = 16;
  private static final int KEY_ID_BYTES = 4;

  private final Mac mac;
  private final String keyId;

  KeyedHash(String key) {
    try {
      mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), ALGORITHM));
    } catch (GeneralSecurityException error) {
      throw new IllegalStateException(error);
    }
    keyId = HexFormat.of().formatHex(hash("key-id"), 0, KEY_ID_BYTES);
  }

  /** 8 hex digits that tell one key from another. */
  String keyId() {
    return keyId;
  }

  /** 32 hex digits. */
  String token(String text) {
    return HexFormat.of().formatHex(hash(text), 0, TOKEN_BYTES);
  }

  /** A number that the text alone decides, evenly spread over 0 (included) to 1 (excluded). */
  double share(String text) {
    return (ByteBuffer.wrap(hash(text)).getLong() >>> 11) * 0x1.0p-53;
  }

  private byte[] hash(String text) {
    return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
  }
}
