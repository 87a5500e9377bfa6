package dev.assetmanagerd.cluster;

import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.function.Predicate;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lets nodes alone through, known by their certificates. Thread-safe. */
public final class NodesOnly implements ServerInterceptor {
  private static final Logger log = LoggerFactory.getLogger(NodesOnly.class);

  private final Predicate<X509Certificate> nodes;

  /**
   * @param nodes whether a certificate, of which the connection has proof, is a node's
   */
  public NodesOnly(Predicate<X509Certificate> nodes) {
    this.nodes = nodes;
  }

  @Override
  public <Q, S> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
    SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    if (session != null && isNode(session)) {
      return next.startCall(call, headers);
    }
    log.warn(
        "{} from {} is refused: its certificate is none of a node's",
        call.getMethodDescriptor().getFullMethodName(),
        call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
    call.close(
        Status.PERMISSION_DENIED.withDescription(
            "this is for nodes of the cluster; the certificate has none of their names"),
        new Metadata());
    return new ServerCall.Listener<>() {};
  }

  private boolean isNode(SSLSession session) {
    try {
      Certificate[] chain = session.getPeerCertificates();
      return chain.length > 0
          && chain[0] instanceof X509Certificate certificate
          && nodes.test(certificate);
    } catch (SSLPeerUnverifiedException e) {
      return false;
    }
  }
}
