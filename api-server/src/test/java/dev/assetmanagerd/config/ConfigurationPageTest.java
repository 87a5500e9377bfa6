package dev.assetmanagerd.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ConfigurationPageTest {
  @Test
  void theReferencePageIsWhatTheTableOfOptionsSays() throws IOException {
    Path page = Path.of("..", "docs", "configuration.md");

    assertThat(Files.readString(page))
        .as("docs/configuration.md; run: ./assetmanagerd config reference > docs/configuration.md")
        .isEqualTo(ConfigText.reference());
  }
}
