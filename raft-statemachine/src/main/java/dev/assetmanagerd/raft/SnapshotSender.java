package dev.assetmanagerd.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import org.apache.ratis.grpc.server.GrpcLogAppender;
import org.apache.ratis.proto.RaftProtos.FileChunkProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;

/**
 * Ratis's log appender, except that the snapshots it sends are not on the heap.
 *
 * <p>Ratis has a timer for each chunk that it sends, and the timer keeps the chunk, answered or
 * not, until it would have run out: more than a minute. So a leader holds every snapshot of the
 * last minute in whole. Here the bytes of a chunk are the file's pages, which the system takes back
 * when it needs memory.
 */
final class SnapshotSender extends GrpcLogAppender {
  SnapshotSender(RaftServer.Division division, LeaderState leader, FollowerInfo follower) {
    super(division, leader, follower);
  }

  @Override
  public Iterable<InstallSnapshotRequestProto> newInstallSnapshotRequests(
      String requestId, SnapshotInfo snapshot) {
    if (snapshot.getFiles().size() != 1) {
      throw new IllegalArgumentException(snapshot + " is not one file");
    }
    Path file = snapshot.getFiles().get(0).getPath();
    Iterable<InstallSnapshotRequestProto> requests =
        super.newInstallSnapshotRequests(requestId, snapshot);
    return () -> offHeap(requests.iterator(), file);
  }

  private static Iterator<InstallSnapshotRequestProto> offHeap(
      Iterator<InstallSnapshotRequestProto> requests, Path file) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return requests.hasNext();
      }

      @Override
      public InstallSnapshotRequestProto next() {
        return offHeap(requests.next(), file);
      }
    };
  }

  /**
   * The same request, its bytes mapped from the file.
   *
   * @param request with one chunk of the file
   */
  static InstallSnapshotRequestProto offHeap(InstallSnapshotRequestProto request, Path file) {
    FileChunkProto chunk = request.getSnapshotChunk().getFileChunks(0);
    if (chunk.getData().isEmpty()) {
      return request;
    }
    InstallSnapshotRequestProto.Builder mapped = request.toBuilder();
    mapped
        .getSnapshotChunkBuilder()
        .getFileChunksBuilder(0)
        .setData(map(file, chunk.getOffset(), chunk.getData().size()));
    return mapped.build();
  }

  private static ByteString map(Path file, long offset, int length) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer pages = channel.map(MapMode.READ_ONLY, offset, length);
      // Nothing writes to a snapshot once it has its name; when it is deleted, its pages stay.
      return UnsafeByteOperations.unsafeWrap(pages);
    } catch (IOException e) {
      throw new UncheckedIOException("snapshot " + file + " cannot be read", e);
    }
  }
}
