package dev.assetmanagerd.registry;

import com.google.protobuf.ByteString;
import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.IdempotencyKey;
import dev.assetmanagerd.log.v1.LogEntry;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Log entries made of a seed, as leaders come and go: their readings are sometimes out of order,
 * jump, and begin anew with each term. Keys of idempotency come back with the same command and with
 * others.
 */
final class RandomEntries {
  private static final int KEYS = 40;

  private final Random random;
  private final RandomCommands commands;
  private final List<Command> keyed = new ArrayList<>();
  private long wall = TestRegistry.START;
  private long term = 1;
  private long reading;

  RandomEntries(long seed) {
    random = new Random(seed);
    commands = new RandomCommands(random);
  }

  List<LogEntry> next(int count) {
    List<LogEntry> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      entries.add(next());
    }
    return entries;
  }

  /** Entries with as many commands in all. */
  List<LogEntry> withCommands(int count) {
    List<LogEntry> entries = new ArrayList<>();
    int left = count;
    while (left > 0) {
      LogEntry entry = next();
      if (entry.getCommandsCount() > left) {
        entry =
            entry.toBuilder()
                .clearCommands()
                .addAllCommands(entry.getCommandsList().subList(0, left))
                .build();
      }
      left -= entry.getCommandsCount();
      entries.add(entry);
    }
    return entries;
  }

  private LogEntry next() {
    // The wall clock jumps both ways; the cluster clock does not follow it.
    wall += random.nextInt(20) == 0 ? random.nextInt(2000) - 1000 : random.nextInt(3);
    if (random.nextInt(40) == 0) {
      term++;
      reading = random.nextInt(5);
    }
    reading += passed();
    LogEntry.Builder entry =
        LogEntry.newBuilder()
            .setWallTimeMillis(wall * 1000 + random.nextInt(1000))
            .setTerm(term)
            .setClockReadingMillis(reading);
    if (random.nextInt(10) == 0) {
      entry.setClockReadingMillis(Math.max(0, reading - random.nextInt(500)));
    }
    if (term > 1 && random.nextInt(60) == 0) {
      entry.setTerm(term - 1);
    }
    for (int i = random.nextInt(9); i > 0; i--) {
      entry.addCommands(command());
    }
    return entry.setFormatLevel(FormatLevels.neededBy(entry.getCommandsList())).build();
  }

  private long passed() {
    int kind = random.nextInt(1000);
    if (kind < 500) {
      return 0;
    }
    if (kind < 970) {
      return random.nextInt(1_500);
    }
    if (kind < 993) {
      return random.nextInt(30_000);
    }
    if (kind < 998) {
      return 1_800_000L + random.nextInt(3_600_000);
    }
    return (long) (1 + random.nextInt(20)) * 2 * 24 * 3_600_000;
  }

  private Command command() {
    if (!keyed.isEmpty() && random.nextInt(10) == 0) {
      return keyed.get(random.nextInt(keyed.size()));
    }
    Command.Builder command = commands.next().toBuilder();
    if (random.nextInt(15) == 0) {
      command.setOnlyInTerm(term + (random.nextInt(3) == 0 ? 1 : 0));
    }
    if (random.nextInt(4) == 0) {
      command.setIdempotency(key(command.build()));
      if (keyed.size() == KEYS / 2) {
        keyed.remove(0);
      }
      keyed.add(command.build());
    }
    return command.build();
  }

  private IdempotencyKey key(Command command) {
    IdempotencyKey.Builder key = IdempotencyKey.newBuilder();
    int malformed = random.nextInt(60);
    key.setKey(malformed == 0 ? "" : "key-" + random.nextInt(KEYS));
    byte[] fingerprint = sha256(command.toByteArray());
    return key.setFingerprint(ByteString.copyFrom(fingerprint, 0, malformed == 1 ? 31 : 32))
        .build();
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
