package dev.assetmanagerd.config;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A value that must not be seen in logs, messages or listings. */
public final class Secret {
  private final String value;

  public Secret(String value) {
    this.value = Objects.requireNonNull(value);
  }

  /** The value itself, for the one place that needs it. */
  public String reveal() {
    return value;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Secret secret && secret.value.equals(value);
  }

  @Override
  public int hashCode() {
    return value.hashCode();
  }

  /** Three asterisks, whatever the value. */
  @Override
  public String toString() {
    return "***";
  }
}
