package dev.assetmanagerd.raft;

import java.math.BigInteger;
import java.util.random.RandomGenerator;

/**
 * Makes ULIDs: 48 bits of Unix milliseconds and 80 random bits, as 26 characters that sort by time.
 *
 * <p>Ids of one generator always rise, within a millisecond and also when the clock steps back.
 * Thread-safe.
 */
public final class Ulids {
  private static final String ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  private static final int TIME_CHARS = 10;
  private static final int RANDOM_CHARS = 16;
  private static final int RANDOM_BYTES = 10;

  private final RandomGenerator random;
  private long lastMillis = Long.MIN_VALUE;
  private BigInteger lastRandom = BigInteger.ZERO;

  /**
   * @param random where the random part comes from
   */
  public Ulids(RandomGenerator random) {
    this.random = random;
  }

  /**
   * The next id.
   *
   * @param nowMillis Unix milliseconds
   */
  public synchronized String next(long nowMillis) {
    if (nowMillis > lastMillis) {
      lastMillis = nowMillis;
      lastRandom = draw();
    } else {
      lastRandom = lastRandom.add(BigInteger.ONE);
    }
    return format(lastMillis, lastRandom);
  }

  /** 79 random bits: the highest one stays free, so that counting up never overflows. */
  private BigInteger draw() {
    var bytes = new byte[RANDOM_BYTES];
    random.nextBytes(bytes);
    bytes[0] &= 0x7f;
    return new BigInteger(1, bytes);
  }

  private static String format(long millis, BigInteger randomness) {
    var chars = new char[TIME_CHARS + RANDOM_CHARS];
    long time = millis;
    for (int i = TIME_CHARS - 1; i >= 0; i--) {
      chars[i] = ALPHABET.charAt((int) (time & 31));
      time >>>= 5;
    }
    BigInteger rest = randomness;
    for (int i = chars.length - 1; i >= TIME_CHARS; i--) {
      chars[i] = ALPHABET.charAt(rest.intValue() & 31);
      rest = rest.shiftRight(5);
    }
    return new String(chars);
  }
}
