package dev.assetmanagerd.tls;

import com.google.common.hash.HashCode;
import com.google.common.util.concurrent.ThreadFactoryBuilder;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An identity in files that are replaced now and then.
 *
 * <p>The files' contents are looked at on a schedule: whatever way they are replaced, by copying
 * over them, by renaming, or by turning a symbolic link, that sees it. Certificate and key are two
 * files and cannot be replaced at once, so contents that do not go together are only spoken of when
 * they still are there at the next look.
 */
public final class FileTlsIdentity implements TlsIdentitySource {
  private static final Logger log = LoggerFactory.getLogger(FileTlsIdentity.class);

  /** How often the files are looked at. */
  public static final Duration INTERVAL = Duration.ofSeconds(2);

  private final TlsFiles files;
  private final Clock clock;
  private final ScheduledExecutorService thread;
  private volatile TlsIdentity current;

  @GuardedBy("this")
  private HashCode taken;

  /** What is wrong, and whether that has been said. */
  @GuardedBy("this")
  private @Nullable String problem;

  @GuardedBy("this")
  private boolean said;

  @GuardedBy("this")
  private final List<Consumer<TlsIdentity>> listeners = new ArrayList<>();

  private FileTlsIdentity(TlsFiles files, Clock clock) throws TlsFileException {
    TlsFiles.Content content = files.content();
    this.files = files;
    this.clock = clock;
    this.current = files.identity(content, clock);
    this.taken = content.fingerprint();
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            new ThreadFactoryBuilder().setNameFormat("tls-files").setDaemon(true).build());
  }

  /**
   * Reads the files, and looks for changes from then on.
   *
   * @throws TlsFileException when they are no identity
   */
  public static FileTlsIdentity open(TlsFiles files, Clock clock) throws TlsFileException {
    FileTlsIdentity identity = new FileTlsIdentity(files, clock);
    log.info("this node is {}", identity.current);
    var unused =
        identity.thread.scheduleWithFixedDelay(
            identity::lookSafely, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    return identity;
  }

  @Override
  public TlsIdentity current() {
    return current;
  }

  @Override
  public synchronized void follow(Consumer<TlsIdentity> listener) {
    listener.accept(current);
    listeners.add(listener);
  }

  private void lookSafely() {
    try {
      look();
    } catch (RuntimeException e) {
      log.error("the files of TLS could not be looked at", e); // and the schedule goes on
    }
  }

  /** Looks now. */
  synchronized void look() {
    try {
      TlsFiles.Content content = files.content();
      HashCode seen = content.fingerprint();
      if (!seen.equals(taken)) {
        TlsIdentity replacement = files.identity(content, clock);
        taken = seen;
        current = replacement;
        listeners.forEach(listener -> listener.accept(replacement));
        log.info("replaced: this node now is {}", replacement);
      }
      problem = null;
    } catch (TlsFileException e) {
      refused(String.valueOf(e.getMessage()));
    }
  }

  @GuardedBy("this")
  private void refused(String why) {
    if (!why.equals(problem)) {
      problem = why;
      said = false;
    } else if (!said) {
      said = true;
      log.error("{}. THE FORMER CERTIFICATE STAYS IN USE, until {}", why, current.expiry());
    }
  }

  /** What keeps the files from being taken since the last look but one; null where nothing does. */
  synchronized @Nullable String problem() {
    return said && problem != null ? problem : null;
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
