package dev.assetmanagerd.olddaemon;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;

/**
 * Reads columns of a database that may hold anything anywhere: SQLite does not keep a column to the
 * type it was declared with. Texts are fetched as bytes, so that what is no text is noticed, and no
 * more of them than any could have.
 */
final class Columns {
  /** Longer than every text that the cluster takes, 1024 characters of 4 bytes. */
  private static final int MAX_TEXT_BYTES = 4096;

  private static final int SHOWN_BYTES = 200;

  private Columns() {}

  /** Selects a text: bytes, null, or the name of the type that it has instead. */
  static String text(String column) {
    return "CASE typeof(%1$s) WHEN 'text' THEN substr(CAST(%1$s AS BLOB), 1, %2$d) WHEN 'null' THEN"
            .formatted(column, MAX_TEXT_BYTES + 1)
        + " NULL ELSE typeof("
        + column
        + ") END";
  }

  /** Selects an integer, null, or the name of the type that it has instead. */
  static String integer(String column) {
    return "CASE typeof(%1$s) WHEN 'integer' THEN %1$s WHEN 'null' THEN NULL ELSE typeof(%1$s) END"
        .formatted(column);
  }

  /** The bytes of a text that is one; used as a key, for they sort as SQLite sorts. */
  static byte[] key(ResultSet row, int column) throws SQLException {
    Object value = row.getObject(column);
    if (value instanceof byte[] bytes) {
      return bytes;
    }
    throw new SQLException("a text was selected and is none");
  }

  /** A text; empty where there is none. */
  static String text(ResultSet row, int column, String name)
      throws SQLException, BrokenRowException {
    Object value = row.getObject(column);
    if (value == null) {
      return "";
    }
    if (!(value instanceof byte[] bytes)) {
      throw new BrokenRowException(name + ": is of type " + value + ", not text");
    }
    return decode(bytes, name);
  }

  static String decode(byte[] bytes, String name) throws BrokenRowException {
    if (bytes.length > MAX_TEXT_BYTES) {
      throw new BrokenRowException(name + ": has more than " + MAX_TEXT_BYTES + " bytes");
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new BrokenRowException(name + ": is not well-formed UTF-8");
    }
  }

  /** As much of a text as is good for a report. */
  static String shown(byte[] bytes) {
    return new String(
        Arrays.copyOf(bytes, Math.min(bytes.length, SHOWN_BYTES)), StandardCharsets.UTF_8);
  }

  static boolean isNull(ResultSet row, int column) throws SQLException {
    return row.getObject(column) == null;
  }

  /** An integer; 0 where there is none. */
  static long integer(ResultSet row, int column, String name)
      throws SQLException, BrokenRowException {
    Object value = row.getObject(column);
    if (value == null) {
      return 0;
    }
    if (value instanceof Integer || value instanceof Long) {
      return ((Number) value).longValue();
    }
    throw new BrokenRowException(name + ": is of type " + value + ", not an integer");
  }

  /** The number of an enumeration; 0 where there is none. */
  static int number(ResultSet row, int column, String name)
      throws SQLException, BrokenRowException {
    long value = integer(row, column, name);
    if (value != (int) value) {
      throw new BrokenRowException(name + ": is " + value + ", which is no number of its kind");
    }
    return (int) value;
  }
}
