package dev.assetmanagerd.process;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * SIGTERM and SIGINT as an event that the program answers in its own time.
 *
 * <p>A shutdown hook would not do: a JVM that ends by a signal reports 128 + its number, and an
 * orderly stop has to report 0. The JDK's signal class is reached by reflection because naming it
 * draws a compiler warning that cannot be suppressed.
 */
public final class StopSignals {
  private static final List<String> NAMES = List.of("TERM", "INT");

  private StopSignals() {}

  /**
   * Takes the two signals over for the rest of the process's life.
   *
   * @return completed with the name of the first that arrives, e.g. {@code SIGTERM}; later ones do
   *     nothing
   */
  public static CompletableFuture<String> first() {
    CompletableFuture<String> arrived = new CompletableFuture<>();
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Method handle = signal.getMethod("handle", signal, handler);
      for (String name : NAMES) {
        handle.invoke(
            null,
            signal.getConstructor(String.class).newInstance(name),
            handler(handler, () -> arrived.completeAsync(() -> "SIG" + name)));
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this JVM does not let signals be handled", e);
    }
    return arrived;
  }

  private static Object handler(Class<?> type, Runnable action) {
    InvocationHandler invocation =
        (proxy, method, arguments) -> {
          switch (method.getName()) {
            case "handle" -> action.run();
            case "equals" -> {
              return arguments != null && proxy == arguments[0];
            }
            case "hashCode" -> {
              return System.identityHashCode(proxy);
            }
            default -> {
              return type.getName();
            }
          }
          return null;
        };
    return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, invocation);
  }
}
