package dev.assetmanagerd.clustertests.chaos.history;

import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads what a {@link HistoryWriter} wrote. */
public final class HistoryReader {
  private HistoryReader() {}

  /**
   * Reads one or several files into one history.
   *
   * @throws IOException when a file cannot be read or a line of it is no event; names both
   */
  public static History read(Path... files) throws IOException {
    List<Call> calls = new ArrayList<>();
    List<FaultEvent> faults = new ArrayList<>();
    for (Path file : files) {
      read(file, calls, faults);
    }
    return new History(calls, faults);
  }

  private static void read(Path file, List<Call> calls, List<FaultEvent> faults)
      throws IOException {
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      int number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        HistoryEvent event = event(file, number, line);
        if (event instanceof Call call) {
          calls.add(call);
        } else {
          faults.add((FaultEvent) event);
        }
      }
    }
  }

  private static HistoryEvent event(Path file, int number, String line) throws IOException {
    try {
      return EventJson.fromJson(JsonParser.parseString(line).getAsJsonObject());
    } catch (JsonParseException
        | IllegalStateException
        | IllegalArgumentException
        | NullPointerException
        | ClassCastException e) {
      throw new IOException("line %d of %s is no event: %s".formatted(number, file, line), e);
    }
  }
}
