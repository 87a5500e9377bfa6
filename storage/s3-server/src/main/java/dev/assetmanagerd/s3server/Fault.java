package dev.assetmanagerd.s3server;

/** What can go wrong between a client and the server. */
public sealed interface Fault {
  /** An answer of this status, which the server knows nothing of. */
  record Status(int code) implements Fault {}

  /** The connection is reset when so many bytes of the answer's body have been sent. */
  record ResetResponse(long afterBytes) implements Fault {}

  /**
   * The connection is closed in an orderly way when so many bytes of the answer's body have been
   * sent, fewer than were announced.
   */
  record TruncateResponse(long afterBytes) implements Fault {}

  /** Nothing more comes when so many bytes of the answer's body have been sent. */
  record StallResponse(long afterBytes) implements Fault {}

  /** One bit of this byte of the answer's body is another. */
  record FlipResponse(long atByte) implements Fault {}

  /** One bit of this byte of the request's body is another. */
  record FlipRequest(long atByte) implements Fault {}

  /** The connection is reset when so many bytes of the request's body have been passed on. */
  record ResetRequest(long afterBytes) implements Fault {}

  /** The server does not get this header: as if it were one that does not know it. */
  record WithoutHeader(String name) implements Fault {}

  /** Both bodies move at this rate. */
  record Slow(int bytesPerSecond) implements Fault {}

  /** The request is read and never answered. */
  record BlackHole() implements Fault {}

  /** The answer of the server is thrown away, and the connection reset: done, but nobody knows. */
  record LostAnswer() implements Fault {}
}
