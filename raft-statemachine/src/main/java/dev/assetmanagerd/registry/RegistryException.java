package dev.assetmanagerd.registry;

import java.util.Set;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * The database failed: an I/O error, a corrupt file, a statement that should not fail, an entry
 * that this program cannot apply. Never a business rule.
 */
public sealed class RegistryException extends RuntimeException permits RegistryBusyException {
  private static final long serialVersionUID = 1L;

  private static final Set<Integer> DAMAGE =
      Set.of(SQLiteErrorCode.SQLITE_CORRUPT.code, SQLiteErrorCode.SQLITE_NOTADB.code);

  private static final Set<Integer> DISK =
      Set.of(
          SQLiteErrorCode.SQLITE_IOERR.code,
          SQLiteErrorCode.SQLITE_FULL.code,
          SQLiteErrorCode.SQLITE_CANTOPEN.code,
          SQLiteErrorCode.SQLITE_READONLY.code);

  public RegistryException(String message, Throwable cause) {
    super(message, cause);
  }

  public RegistryException(String message) {
    super(message);
  }

  /** Whether SQLite found the file itself to be damaged, so that no repetition can help. */
  public boolean isDamage() {
    return DAMAGE.contains(primaryCode());
  }

  /** Whether it lies with this machine's disk or file, so that another node may well answer. */
  public boolean isOfThisMachine() {
    return DAMAGE.contains(primaryCode()) || DISK.contains(primaryCode());
  }

  /** SQLite's result code without its refinement; -1 where SQLite had no part in it. */
  private int primaryCode() {
    for (Throwable cause = getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLiteException failure) {
        return failure.getResultCode().code & 0xff;
      }
    }
    return -1;
  }
}
