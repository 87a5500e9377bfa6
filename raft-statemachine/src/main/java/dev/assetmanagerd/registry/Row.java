package dev.assetmanagerd.registry;

import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** The current row of a result; columns count from 1. Valid only while it is handed out. */
final class Row {
  private final ResultSet results;

  Row(ResultSet results) {
    this.results = results;
  }

  /** A column that is declared NOT NULL. */
  String text(int column) {
    try {
      String value = results.getString(column);
      if (value == null) {
        throw new RegistryException("column " + column + " is null where it must not be");
      }
      return value;
    } catch (SQLException e) {
      throw new RegistryException("cannot read column " + column, e);
    }
  }

  /** A column that is declared NOT NULL. */
  byte[] bytes(int column) {
    try {
      byte[] value = results.getBytes(column);
      if (value == null) {
        throw new RegistryException("column " + column + " is null where it must not be");
      }
      return value;
    } catch (SQLException e) {
      throw new RegistryException("cannot read column " + column, e);
    }
  }

  /** Null where the column is null. */
  @Nullable String textOrNull(int column) {
    try {
      return results.getString(column);
    } catch (SQLException e) {
      throw new RegistryException("cannot read column " + column, e);
    }
  }

  /** 0 where the column is null. */
  long integer(int column) {
    try {
      return results.getLong(column);
    } catch (SQLException e) {
      throw new RegistryException("cannot read column " + column, e);
    }
  }

  /** As {@link #integer} where the column holds 32-bit values only. */
  int small(int column) {
    return Math.toIntExact(integer(column));
  }

  boolean isNull(int column) {
    try {
      return results.getObject(column) == null;
    } catch (SQLException e) {
      throw new RegistryException("cannot read column " + column, e);
    }
  }
}
