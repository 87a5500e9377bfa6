package dev.assetmanagerd.asset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assetmanagerd.registry.RegistryException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

class ApiErrorsTest {
  @ParameterizedTest
  @EnumSource(
      names = {
        "SQLITE_IOERR_READ",
        "SQLITE_IOERR_FSYNC",
        "SQLITE_FULL",
        "SQLITE_CORRUPT",
        "SQLITE_CANTOPEN",
        "SQLITE_NOTADB"
      })
  void whereTheDiskOfThisNodeFailsAnotherNodeIsToBeAsked(SQLiteErrorCode code) {
    assertThat(statusOf(code).getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
  }

  @ParameterizedTest
  @EnumSource(names = {"SQLITE_ERROR", "SQLITE_CONSTRAINT", "SQLITE_MISUSE"})
  void whereTheProgramIsWrongNoOtherNodeIsAsked(SQLiteErrorCode code) {
    assertThat(statusOf(code).getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
  }

  private static StatusRuntimeException statusOf(SQLiteErrorCode code) {
    SQLiteException cause = new SQLiteException("disk", code);
    return ApiErrors.of(new RegistryException("the registry database failed", cause));
  }
}
