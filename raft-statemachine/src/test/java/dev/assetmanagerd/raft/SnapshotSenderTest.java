package dev.assetmanagerd.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.apache.ratis.proto.RaftProtos.FileChunkProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto.SnapshotChunkProto;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotSenderTest {
  @TempDir private Path directory;

  @Test
  void whatIsSentIsTheFileButNotOnTheHeap() throws IOException {
    byte[] content = new byte[100_000];
    new Random(7).nextBytes(content);
    Path file = Files.write(directory.resolve("snapshot"), content);
    InstallSnapshotRequestProto request =
        request(70_000, ByteString.copyFrom(content, 70_000, 20_000));

    InstallSnapshotRequestProto sent = SnapshotSender.offHeap(request, file);

    assertThat(sent).isEqualTo(request);
    assertThat(data(request).asReadOnlyByteBuffer().isDirect()).isFalse();
    assertThat(data(sent).asReadOnlyByteBuffer().isDirect()).as("off the heap").isTrue();
    Files.delete(file);
    assertThat(data(sent)).as("after the snapshot was deleted").isEqualTo(data(request));
  }

  @Test
  void anEmptyChunkIsSentAsItIs() {
    InstallSnapshotRequestProto request = request(0, ByteString.EMPTY);

    assertThat(SnapshotSender.offHeap(request, directory.resolve("none"))).isSameAs(request);
  }

  private static ByteString data(InstallSnapshotRequestProto request) {
    return request.getSnapshotChunk().getFileChunks(0).getData();
  }

  private static InstallSnapshotRequestProto request(long offset, ByteString data) {
    return InstallSnapshotRequestProto.newBuilder()
        .setLeaderTerm(3)
        .setSnapshotChunk(
            SnapshotChunkProto.newBuilder()
                .setRequestIndex(1)
                .setTotalSize(100_000)
                .addFileChunks(
                    FileChunkProto.newBuilder()
                        .setFilename("snapshot")
                        .setOffset(offset)
                        .setChunkIndex(1)
                        .setData(data)))
        .build();
  }
}
