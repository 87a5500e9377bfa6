package dev.assetmanagerd.config;

import com.google.common.base.Splitter;
import dev.assetmanagerd.tls.PeerNames;
import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The types of options there are. */
final class OptionTypes {
  private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

  private static final Pattern HOST_PATTERN =
      Pattern.compile(
          "(\\*\\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
              + "(:(\\*|(?<port>[1-9][0-9]{0,4})))?");
  private static final int MAX_PORT = 65_535;
  private static final Pattern KEY_NAME = Pattern.compile("[A-Za-z0-9!_.*'()-]+");
  private static final Pattern TLS_VERSIONS = Pattern.compile("1\\.[23]");
  private static final Pattern MODE = Pattern.compile("0?[0-7]{3}");

  static final OptionType<Integer> PORT = integer("port", 1, MAX_PORT);
  static final OptionType<String> HOST =
      new OptionType<>("host", "a host name or an IP address", OptionTypes::host);
  static final OptionType<HostPort> HOST_PORT =
      new OptionType<>("host:port", "host:port, with a port from 1 to 65535", HostPort::parse);
  static final OptionType<List<HostPort>> HOST_PORTS =
      new OptionType<>(
          "addresses",
          "host:port, several of them with commas between, with ports from 1 to 65535",
          OptionTypes::hostPorts);
  static final OptionType<String> IDENTIFIER_TYPE =
      new OptionType<>(
          "name",
          "1 to 63 letters, digits, dots, underscores or hyphens, the first a letter or digit",
          text -> matching(IDENTIFIER, text));
  static final OptionType<String> TEXT =
      new OptionType<>("text", "printable text on one line", OptionTypes::printable);
  static final OptionType<Secret> SECRET =
      new OptionType<>("secret", "printable text on one line", text -> new Secret(printable(text)));
  static final OptionType<Boolean> BOOL =
      new OptionType<>("true or false", "true or false", OptionTypes::bool);
  static final OptionType<Path> PATH =
      new OptionType<>("path", "an absolute path", OptionTypes::absolutePath);
  static final OptionType<List<Path>> PATHS =
      new OptionType<>(
          "paths", "one or more absolute paths, separated by commas", OptionTypes::paths);
  static final OptionType<Optional<String>> LOCATION_OR_NONE =
      new OptionType<>(
          "location",
          "a relative path without .. in it, or none",
          text -> text.equals("none") ? Optional.empty() : Optional.of(location(text)));
  static final OptionType<Long> BYTES = number("bytes", 1, Long.MAX_VALUE);
  static final OptionType<URI> URL =
      new OptionType<>("URL", "a URL such as https://host:8082", OptionTypes::url);
  static final OptionType<List<ClusterMember>> MEMBERS =
      new OptionType<>(
          "members",
          "id=raftHost:raftPort/apiHost:apiPort for each member, separated by commas",
          ClusterMember::parseList);

  static final OptionType<List<String>> HOST_PATTERNS =
      new OptionType<>(
          "host names",
          "host names, each as it is or as *.name, with :PORT or :* behind it where needed,"
              + " separated by commas, or none",
          OptionTypes::hostPatterns);
  static final OptionType<String> KEY_PREFIX =
      new OptionType<>(
          "prefix",
          "names of letters, digits and !-_.*'() with slashes between them, none of them . or ..,"
              + " at most 512 characters, or none",
          OptionTypes::keyPrefix);
  static final OptionType<Integer> FILE_MODE =
      new OptionType<>(
          "octal",
          "three octal digits such as 0644, readable and writable for the owner, without execution",
          OptionTypes::fileMode);

  static final OptionType<List<String>> PEER_NAMES =
      new OptionType<>(
          "names",
          "DNS names, each as it is or as *.name, IP addresses, or URIs, each as it is or ending in"
              + " /*, separated by commas",
          OptionTypes::peerNames);
  static final OptionType<String> TLS_VERSION =
      new OptionType<>("1.2 or 1.3", "1.2 or 1.3", text -> matching(TLS_VERSIONS, text));

  private OptionTypes() {}

  static OptionType<Integer> integer(String label, int min, int max) {
    OptionType<Long> number = number(label, min, max);
    return new OptionType<>(label, number.rule(), text -> Math.toIntExact(number.parse(text)));
  }

  static OptionType<Long> number(String label, long min, long max) {
    String rule =
        max == Long.MAX_VALUE
            ? "a whole number, at least " + min
            : "a whole number from " + min + " to " + max;
    return new OptionType<>(
        label,
        rule,
        text -> {
          long value = Long.parseLong(text);
          require(value >= min && value <= max);
          return value;
        });
  }

  /** A fraction from 0 to 1. */
  static OptionType<Double> fraction() {
    return new OptionType<>(
        "fraction",
        "a number from 0 to 1",
        text -> {
          double value = Double.parseDouble(text);
          require(value >= 0 && value <= 1);
          return value;
        });
  }

  static <E extends Enum<E>> OptionType<E> choice(Class<E> type) {
    String names =
        Arrays.stream(type.getEnumConstants())
            .map(OptionTypes::name)
            .collect(Collectors.joining(", "));
    return new OptionType<>(
        names,
        "one of " + names,
        text ->
            Arrays.stream(type.getEnumConstants())
                .filter(constant -> name(constant).equals(text.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(IllegalArgumentException::new));
  }

  /** How a constant is written in the environment. */
  static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static String host(String text) {
    require(!text.isEmpty() && text.length() <= 253);
    require(text.chars().allMatch(c -> Character.isLetterOrDigit(c) || ".-_:%[]".indexOf(c) >= 0));
    return text;
  }

  private static String matching(Pattern syntax, String text) {
    require(syntax.matcher(text).matches());
    return text;
  }

  private static String printable(String text) {
    require(text.chars().noneMatch(Character::isISOControl));
    return text;
  }

  private static boolean bool(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true", "t", "1" -> true;
      case "false", "f", "0" -> false;
      default -> throw new IllegalArgumentException();
    };
  }

  private static Path absolutePath(String text) {
    try {
      Path path = Path.of(text);
      require(path.isAbsolute());
      return path.normalize();
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static String location(String text) {
    try {
      Path path = Path.of(printable(text));
      require(!path.isAbsolute() && path.equals(path.normalize()) && !path.toString().isEmpty());
      require(!path.startsWith(".."));
      return path.toString();
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static List<Path> paths(String text) {
    List<Path> paths =
        Splitter.on(',')
            .trimResults()
            .omitEmptyStrings()
            .splitToStream(text)
            .map(OptionTypes::absolutePath)
            .toList();
    require(!paths.isEmpty());
    return paths;
  }

  private static List<HostPort> hostPorts(String text) {
    List<HostPort> addresses =
        Splitter.on(',')
            .trimResults()
            .omitEmptyStrings()
            .splitToStream(text)
            .map(HostPort::parse)
            .toList();
    require(!addresses.isEmpty());
    return addresses;
  }

  private static URI url(String text) {
    URI uri = URI.create(text);
    require("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()));
    require(uri.getHost() != null);
    return uri;
  }

  private static List<String> hostPatterns(String text) {
    if (text.equals("none")) {
      return List.of();
    }
    List<String> patterns =
        Splitter.on(',')
            .trimResults()
            .omitEmptyStrings()
            .splitToStream(text.toLowerCase(Locale.ROOT))
            .toList();
    require(!patterns.isEmpty() && patterns.stream().allMatch(OptionTypes::isHostPattern));
    return patterns;
  }

  private static boolean isHostPattern(String text) {
    Matcher matcher = HOST_PATTERN.matcher(text);
    if (!matcher.matches()) {
      return false;
    }
    String port = matcher.group("port");
    return port == null || Integer.parseInt(port) <= MAX_PORT;
  }

  private static List<String> peerNames(String text) {
    List<String> names =
        Splitter.on(',').trimResults().omitEmptyStrings().splitToStream(text).toList();
    require(!names.isEmpty() && names.stream().allMatch(PeerNames::isName));
    return names;
  }

  private static String keyPrefix(String text) {
    if (text.equals("none")) {
      return "";
    }
    require(text.length() <= 512);
    for (String name : Splitter.on('/').split(text)) {
      require(KEY_NAME.matcher(name).matches() && !name.equals(".") && !name.equals(".."));
    }
    return text;
  }

  private static int fileMode(String text) {
    require(MODE.matcher(text).matches());
    int mode = Integer.parseInt(text, 8);
    require((mode & 0600) == 0600 && (mode & 0111) == 0);
    return mode;
  }

  static void require(boolean condition) {
    if (!condition) {
      throw new IllegalArgumentException();
    }
  }
}
