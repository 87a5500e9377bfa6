package dev.assetmanagerd.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a Linux kernel image says of itself.
 *
 * <p>Three kinds of file are known. An ELF file ({@code vmlinux}) and arm64's {@code Image} tell
 * the architecture in their header, and have the banner "Linux version …" somewhere among their
 * data. A {@code bzImage} has its kernel packed, but a version text beside its setup header.
 *
 * @param arch as {@code uname -m} spells it
 * @param version such as {@code 5.10.204}; empty where none was found
 */
record KernelImage(String arch, Optional<String> version) {
  private static final int HEADER_BYTES = 64 << 10;
  private static final int BUFFER_BYTES = 256 << 10;
  private static final long MAX_SCANNED_BYTES = 1L << 30;
  private static final int MAX_VERSION_CHARS = 128;

  private static final String BANNER = "Linux version ";
  private static final Pattern BANNER_VERSION =
      Pattern.compile("Linux version ([0-9][0-9A-Za-z.+_~-]{0,127})[ \0]");
  private static final Pattern FIRST_WORD = Pattern.compile("[0-9][0-9A-Za-z.+_~-]*");

  private static final int ELF_MAGIC = 0x464c457f;
  private static final int ELF_BYTE_ORDER = 5;
  private static final int ELF_BIG_ENDIAN = 2;
  private static final int ELF_MACHINE = 18;

  private static final int BOOT_FLAG = 0x1fe;
  private static final int SETUP_MAGIC = 0x202;
  private static final int SETUP_PROTOCOL = 0x206;
  private static final int SETUP_VERSION_TEXT = 0x20e;
  private static final int SETUP_XLOADFLAGS = 0x236;
  private static final int SETUP_BASE = 0x200;
  private static final int HDR_S = 0x53726448;
  private static final int PROTOCOL_WITH_XLOADFLAGS = 0x020c;

  private static final int ARM64_MAGIC_OFFSET = 56;
  private static final int ARM64_MAGIC = 0x644d5241;

  /**
   * Reads an image from its beginning, as far as needed.
   *
   * @return empty where the bytes are no kernel image of a known kind
   */
  static Optional<KernelImage> read(ReadableByteChannel image) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    fill(image, header);
    header.flip();
    Optional<String> packed = bzImageArch(header);
    if (packed.isPresent()) {
      return Optional.of(new KernelImage(packed.get(), bzImageVersion(header)));
    }
    Optional<String> arch = elfArch(header).or(() -> arm64Arch(header));
    if (arch.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(new KernelImage(arch.get(), bannerVersion(header, image)));
  }

  private static Optional<String> elfArch(ByteBuffer header) {
    if (header.limit() < ELF_MACHINE + 2 || header.getInt(0) != ELF_MAGIC) {
      return Optional.empty();
    }
    boolean bigEndian = header.get(ELF_BYTE_ORDER) == ELF_BIG_ENDIAN;
    short stored = header.getShort(ELF_MACHINE);
    int machine = (bigEndian ? Short.reverseBytes(stored) : stored) & 0xffff;
    return switch (machine) {
      case 3 -> Optional.of("i386");
      case 21 -> Optional.of(bigEndian ? "ppc64" : "ppc64le");
      case 22 -> Optional.of("s390x");
      case 40 -> Optional.of("arm");
      case 62 -> Optional.of("x86_64");
      case 183 -> Optional.of("aarch64");
      case 243 -> Optional.of("riscv64");
      case 258 -> Optional.of("loongarch64");
      default -> Optional.empty();
    };
  }

  private static Optional<String> arm64Arch(ByteBuffer header) {
    return header.limit() >= ARM64_MAGIC_OFFSET + 4
            && header.getInt(ARM64_MAGIC_OFFSET) == ARM64_MAGIC
        ? Optional.of("aarch64")
        : Optional.empty();
  }

  private static Optional<String> bzImageArch(ByteBuffer header) {
    if (header.limit() < SETUP_XLOADFLAGS + 2
        || header.getShort(BOOT_FLAG) != (short) 0xaa55
        || header.getInt(SETUP_MAGIC) != HDR_S) {
      return Optional.empty();
    }
    boolean tells = (header.getShort(SETUP_PROTOCOL) & 0xffff) >= PROTOCOL_WITH_XLOADFLAGS;
    boolean has64BitEntry = tells && (header.getShort(SETUP_XLOADFLAGS) & 1) != 0;
    return Optional.of(has64BitEntry ? "x86_64" : "i386");
  }

  private static Optional<String> bzImageVersion(ByteBuffer header) {
    int offset = header.getShort(SETUP_VERSION_TEXT) & 0xffff;
    int start = SETUP_BASE + offset;
    if (offset == 0 || start >= header.limit()) {
      return Optional.empty();
    }
    int length = Math.min(MAX_VERSION_CHARS, header.limit() - start);
    Matcher word = FIRST_WORD.matcher(text(header, start, length));
    return word.lookingAt() ? Optional.of(word.group()) : Optional.empty();
  }

  /** Looks through the whole image; buffers overlap, so that no banner is cut in two. */
  private static Optional<String> bannerVersion(ByteBuffer header, ReadableByteChannel image)
      throws IOException {
    int overlap = BANNER.length() + MAX_VERSION_CHARS + 1;
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    buffer.put(header.duplicate().rewind());
    long scanned = 0;
    while (true) {
      boolean more = fill(image, buffer);
      Optional<String> version = versionIn(buffer);
      if (version.isPresent() || !more || scanned > MAX_SCANNED_BYTES) {
        return version;
      }
      scanned += buffer.position();
      buffer.flip().position(Math.max(0, buffer.limit() - overlap));
      buffer.compact();
    }
  }

  private static Optional<String> versionIn(ByteBuffer filled) {
    Matcher banner = BANNER_VERSION.matcher(text(filled, 0, filled.position()));
    return banner.find() ? Optional.of(banner.group(1)) : Optional.empty();
  }

  /** One character for each byte. */
  private static String text(ByteBuffer buffer, int start, int length) {
    byte[] bytes = new byte[length];
    buffer.duplicate().clear().position(start).get(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** Returns whether the buffer is full; if not, the image has ended. */
  private static boolean fill(ReadableByteChannel image, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      if (image.read(buffer) < 0) {
        return false;
      }
    }
    return true;
  }
}
