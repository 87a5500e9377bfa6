package dev.assetmanagerd.config;

import com.google.common.base.Splitter;
import java.util.List;

/**
 * One entry of the member list.
 *
 * @param id node id
 * @param raft where its Raft server is reached
 * @param api where its API is reached
 */
public record ClusterMember(String id, HostPort raft, HostPort api) {
  static List<ClusterMember> parseList(String text) {
    List<ClusterMember> members =
        Splitter.on(',')
            .trimResults()
            .omitEmptyStrings()
            .splitToStream(text)
            .map(ClusterMember::parse)
            .toList();
    OptionTypes.require(!members.isEmpty());
    return members;
  }

  private static ClusterMember parse(String text) {
    List<String> idAndAddresses = Splitter.on('=').limit(2).splitToList(text);
    OptionTypes.require(idAndAddresses.size() == 2);
    List<String> addresses = Splitter.on('/').splitToList(idAndAddresses.get(1));
    OptionTypes.require(addresses.size() == 2);
    return new ClusterMember(
        OptionTypes.IDENTIFIER_TYPE.parse(idAndAddresses.get(0)),
        HostPort.parse(addresses.get(0)),
        HostPort.parse(addresses.get(1)));
  }

  /** As written in the member list. */
  @Override
  public String toString() {
    return id + "=" + raft + "/" + api;
  }
}
