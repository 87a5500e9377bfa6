package dev.assetmanagerd.clustertests;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;

/**
 * Has calls wait for a connection until their deadline.
 *
 * <p>A channel that failed to connect while its node was not up yet goes on failing calls until the
 * next attempt has succeeded, however long the node has been answering others by then.
 */
final class WaitingForReady implements ClientInterceptor {
  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    return next.newCall(method, options.withWaitForReady());
  }
}
