package dev.assetmanagerd.clustertests.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FreePortsTest {
  private static final int INSTANCES = 40;
  private static final int PORTS = 30;

  @Test
  void noTwoInstancesHandOutTheSamePortThoughNobodyListensYet() {
    List<FreePorts> instances = new ArrayList<>();
    try {
      Set<Integer> seen = new HashSet<>();
      for (int i = 0; i < INSTANCES; i++) {
        FreePorts ports = new FreePorts();
        instances.add(ports);
        for (int n = 0; n < PORTS; n++) {
          int port = ports.next();
          assertThat(seen.add(port)).as("port %d is new", port).isTrue();
          assertThat(FreePorts.isFree(port)).as("port %d is free", port).isTrue();
        }
      }
    } finally {
      instances.forEach(FreePorts::close);
    }
  }
}
