package dev.assetmanagerd.cluster;

import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;

/**
 * Notes whether any attempt of a call got as far as the network. A call none of whose attempts did
 * was certainly not received.
 */
final class SentTracer extends ClientStreamTracer.Factory {
  private volatile boolean sent;

  boolean sent() {
    return sent;
  }

  @Override
  public ClientStreamTracer newClientStreamTracer(
      ClientStreamTracer.StreamInfo info, Metadata headers) {
    return new ClientStreamTracer() {
      @Override
      public void outboundHeaders() {
        sent = true;
      }

      @Override
      public void outboundMessage(int sequenceNumber) {
        sent = true;
      }
    };
  }
}
