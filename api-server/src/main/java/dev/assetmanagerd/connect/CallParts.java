package dev.assetmanagerd.connect;

import io.grpc.Attributes;
import io.grpc.Context;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * What a call is made of.
 *
 * @param codec the form of its messages
 * @param executor sequential, and may block
 * @param context carries the deadline; cancelled when the call ends
 * @param authority the host the caller asked for
 * @param requestEncoding how the request's messages are compressed
 * @param responseEncoding how the response's messages may be
 * @param maxMessageBytes of one message, decompressed
 * @param budget shared by all calls
 */
record CallParts(
    RpcMethod method,
    MessageCodec codec,
    ResponseWriter writer,
    Executor executor,
    Context.CancellableContext context,
    Attributes attributes,
    @Nullable String authority,
    Compression requestEncoding,
    Compression responseEncoding,
    int maxMessageBytes,
    MemoryBudget budget) {}
