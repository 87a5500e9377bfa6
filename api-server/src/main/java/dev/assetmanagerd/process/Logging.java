package dev.assetmanagerd.process;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** The log of the process: lines on standard error, only warnings until a level is set. */
public final class Logging {
  /** Of these, INFO is of interest to their developers alone. */
  private static final List<String> TALKATIVE =
      List.of("org.apache.ratis", "com.linecorp.armeria", "io.grpc", "io.netty");

  /**
   * Of these, so are warnings: they report each attempt to reach a member that is down, and that
   * two servers share one kind of thread pool.
   */
  private static final List<String> REPETITIVE =
      List.of("org.apache.ratis.grpc", "org.apache.ratis.server.leader", "io.micrometer");

  private Logging() {}

  /**
   * Sets what is logged from now on, and leads java.util.logging into the same log.
   *
   * @param level a name that Logback knows
   */
  public static void configure(String level) {
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    Level chosen = Level.valueOf(level);
    context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(chosen);
    if (chosen.isGreaterOrEqual(Level.INFO)) {
      TALKATIVE.forEach(name -> context.getLogger(name).setLevel(atLeast(Level.WARN, chosen)));
      REPETITIVE.forEach(name -> context.getLogger(name).setLevel(Level.ERROR));
    }
  }

  private static Level atLeast(Level one, Level other) {
    return one.isGreaterOrEqual(other) ? one : other;
  }
}
