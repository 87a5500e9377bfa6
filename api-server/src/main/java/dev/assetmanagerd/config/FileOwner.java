package dev.assetmanagerd.config;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who owns a file.
 *
 * @param uid of the user, from 0 to 2147483646
 * @param gid of the group, from 0 to 2147483646
 */
public record FileOwner(int uid, int gid) {
  private static final Pattern SYNTAX = Pattern.compile("([0-9]{1,10}):([0-9]{1,10})");

  /** One less than what means "leave it as it is" to the kernel, where ids have 31 bits. */
  private static final long MAX = Integer.MAX_VALUE - 1L;

  static final OptionType<Optional<FileOwner>> TYPE =
      new OptionType<>(
          "uid:gid",
          "two numbers such as 1000:1000, or none",
          text -> text.equals("none") ? Optional.empty() : Optional.of(parse(text)));

  private static FileOwner parse(String text) {
    Matcher matcher = SYNTAX.matcher(text);
    OptionTypes.require(matcher.matches());
    return new FileOwner(id(matcher.group(1)), id(matcher.group(2)));
  }

  private static int id(String digits) {
    long id = Long.parseLong(digits);
    OptionTypes.require(id <= MAX);
    return (int) id;
  }

  @Override
  public String toString() {
    return uid + ":" + gid;
  }
}
