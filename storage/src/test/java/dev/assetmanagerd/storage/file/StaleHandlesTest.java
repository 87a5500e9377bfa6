package dev.assetmanagerd.storage.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StaleHandlesTest {
  private final AtomicInteger calls = new AtomicInteger();

  @Test
  void aStaleHandleIsLookedUpAgain() throws IOException {
    String result =
        StaleHandles.retrying(
            () -> {
              if (calls.incrementAndGet() < StaleHandles.MAX_ATTEMPTS) {
                throw new FileSystemException("/blobs/ab", null, "Stale file handle");
              }
              return "found";
            });

    assertThat(result).isEqualTo("found");
  }

  @Test
  void aHandleThatStaysStaleIsAnErrorAfterABoundedNumberOfTries() {
    assertThatExceptionOfType(FileSystemException.class)
        .isThrownBy(
            () ->
                StaleHandles.retryingAction(
                    () -> {
                      calls.incrementAndGet();
                      throw new FileSystemException("/blobs/ab", null, "Stale NFS file handle");
                    }));

    assertThat(calls).hasValue(StaleHandles.MAX_ATTEMPTS);
  }

  @Test
  void otherErrorsAreNotRepeated() {
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(
            () ->
                StaleHandles.retryingAction(
                    () -> {
                      calls.incrementAndGet();
                      throw new NoSuchFileException("/blobs/ab");
                    }));

    assertThat(calls).hasValue(1);
  }
}
