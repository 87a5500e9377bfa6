package dev.assetmanagerd.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KernelImageTest {
  private static final int ELF_X86_64 = 62;

  @ParameterizedTest
  @CsvSource({"3,i386", "62,x86_64", "183,aarch64", "243,riscv64"})
  void anElfFileTellsItsArchitectureAndVersion(int machine, String arch) throws IOException {
    byte[] image = elf(machine, 300_000);
    put(image, 123_456, "Linux version 5.10.204-fc (builder@host) (gcc 12) #1 SMP");

    assertThat(read(image)).contains(new KernelImage(arch, Optional.of("5.10.204-fc")));
  }

  /** Buffers are 256 KiB; wherever their borders are, the banner has to be found. */
  @ParameterizedTest
  @ValueSource(ints = {64, 65_520, 65_536, 262_100, 262_130, 262_144, 524_000, 524_288, 599_900})
  void theVersionIsFoundWhereverItLies(int offset) throws IOException {
    byte[] image = elf(ELF_X86_64, 600_000);
    put(image, offset, "Linux version 6.1.0 (x)");

    assertThat(read(image)).contains(new KernelImage("x86_64", Optional.of("6.1.0")));
  }

  @Test
  void anElfFileWithoutBannerHasNoVersion() throws IOException {
    byte[] image = elf(ELF_X86_64, 100_000);
    put(image, 5_000, "Linux version %s (%s)"); // the format, which is in every kernel as well

    assertThat(read(image)).contains(new KernelImage("x86_64", Optional.empty()));
  }

  @Test
  void aBzImageTellsItsArchitectureAndVersion() throws IOException {
    byte[] image = bzImage(0x020f, 1);
    put(image, 0x200 + 0x3000, "6.6.8-amd64 (build@host) #1 SMP\0");

    assertThat(read(image)).contains(new KernelImage("x86_64", Optional.of("6.6.8-amd64")));
  }

  @Test
  void aBzImageWithoutA64BitEntryIsFor32Bit() throws IOException {
    assertThat(read(bzImage(0x020b, 1))).contains(new KernelImage("i386", Optional.empty()));
    assertThat(read(bzImage(0x020f, 0))).contains(new KernelImage("i386", Optional.empty()));
  }

  @Test
  void anArm64ImageTellsItsArchitectureAndVersion() throws IOException {
    byte[] image = new byte[200_000];
    put(image, 56, "ARMd");
    put(image, 150_000, "Linux version 6.1.2 (a)");

    assertThat(read(image)).contains(new KernelImage("aarch64", Optional.of("6.1.2")));
  }

  @Test
  void otherFilesAreNoKernels() throws IOException {
    byte[] random = new byte[100_000];
    new Random(1).nextBytes(random);

    assertThat(read(new byte[0])).isEmpty();
    assertThat(read(new byte[] {0x7f, 'E', 'L'})).isEmpty();
    assertThat(read(random)).isEmpty();
    assertThat(read("Linux version 6.1 (x)".getBytes(StandardCharsets.UTF_8))).isEmpty();
  }

  static byte[] elf(int machine, int size) {
    byte[] image = new byte[size];
    ByteBuffer header = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1);
    header.putShort(18, (short) machine);
    return image;
  }

  private static byte[] bzImage(int protocol, int xloadflags) {
    byte[] image = new byte[100_000];
    ByteBuffer header = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    header.putShort(0x1fe, (short) 0xaa55).putInt(0x202, 0x53726448);
    header.putShort(0x206, (short) protocol).putShort(0x20e, (short) 0x3000);
    header.putShort(0x236, (short) xloadflags);
    return image;
  }

  private static void put(byte[] image, int offset, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(bytes, 0, image, offset, bytes.length);
  }

  private static Optional<KernelImage> read(byte[] image) throws IOException {
    return KernelImage.read(Channels.newChannel(new ByteArrayInputStream(image)));
  }
}
