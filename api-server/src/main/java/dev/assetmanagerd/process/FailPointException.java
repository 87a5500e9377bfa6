package dev.assetmanagerd.process;

/** A failure that a test has ordered, or an order that makes no sense. */
public final class FailPointException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  FailPointException(FailPoint point, String problem) {
    super("fail point " + point.id() + ": " + problem);
  }

  FailPointException(FailPoint point, String problem, Throwable cause) {
    super("fail point " + point.id() + ": " + problem + ": " + cause.getMessage(), cause);
  }
}
