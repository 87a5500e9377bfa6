package dev.assetmanagerd.tls;

import java.util.function.Consumer;

/**
 * Where this program's identity comes from. Thread-safe.
 *
 * <p>There always is one: a source that has none cannot be opened, and one that is offered a
 * replacement that is of no use keeps what it has.
 */
public interface TlsIdentitySource extends AutoCloseable {
  /** The identity as it is now. Does not block. */
  TlsIdentity current();

  /**
   * Calls the listener with the present identity before it returns, and with each later one.
   *
   * @param listener must neither block nor fail; called by one thread at a time, in order
   */
  void follow(Consumer<TlsIdentity> listener);

  /** Looks for other identities no more. */
  @Override
  void close();
}
