package dev.assetmanagerd.clustertests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The memory of a process as the kernel counts it, in bytes. Linux only. Thread-safe. */
public final class ProcessMemory {
  private final long pid;

  /** The memory of the process with this id. */
  public ProcessMemory(long pid) {
    this.pid = pid;
  }

  /** What is resident now. */
  public long residentBytes() {
    return read("VmRSS:");
  }

  /** The most that was resident since the start or the last {@link #resetPeak}. */
  public long peakResidentBytes() {
    return read("VmHWM:");
  }

  /** Forgets the peak: from now on it counts anew. */
  public void resetPeak() {
    try {
      Files.writeString(Path.of("/proc/" + pid + "/clear_refs"), "5");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private long read(String field) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
        if (line.startsWith(field)) {
          String kib = line.substring(field.length()).replace("kB", "").strip();
          return Long.parseLong(kib) * 1024;
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new IllegalStateException("/proc/" + pid + "/status has no " + field);
  }
}
