package dev.assetmanagerd.raft;

import static java.util.stream.Collectors.toSet;

import dev.assetmanagerd.log.v1.Command;
import dev.assetmanagerd.log.v1.NoteMember;
import dev.assetmanagerd.node.v1.ProposeResponse;
import dev.assetmanagerd.registry.RegistryException;
import dev.assetmanagerd.registry.RegistryView;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notes in the registry, on the leader, which members have taken part.
 *
 * <p>Nodes that were restored from one backup have equal directories, whether restored once or
 * again, after they voted and acknowledged entries and lost them. This note is how the two are told
 * apart; it names the lineage too, for a restored registry brings the notes of its former life. A
 * node is noted within moments of the first entry that it acknowledged.
 */
final class MemberWatch {
  private static final Logger LOG = LoggerFactory.getLogger(MemberWatch.class);

  private final String lineage;
  private final BooleanSupplier leading;
  private final Supplier<Set<String>> heard;
  private final Function<Function<RegistryView, Set<String>>, Set<String>> registry;
  private final Function<List<Command>, CompletableFuture<ProposeResponse>> log;
  private final AtomicBoolean inFlight = new AtomicBoolean();

  /**
   * @param lineage of the cluster
   * @param leading whether this node leads, and has committed an entry of its own term
   * @param heard the members that have acknowledged an entry of this leader, itself included
   * @param registry asks this node's registry
   * @param log puts commands into the log as one entry
   */
  MemberWatch(
      String lineage,
      BooleanSupplier leading,
      Supplier<Set<String>> heard,
      Function<Function<RegistryView, Set<String>>, Set<String>> registry,
      Function<List<Command>, CompletableFuture<ProposeResponse>> log) {
    this.lineage = lineage;
    this.leading = leading;
    this.heard = heard;
    this.registry = registry;
    this.log = log;
  }

  /** Notes those that are not yet. To be called about once a second. */
  void look() {
    if (!leading.getAsBoolean() || !inFlight.compareAndSet(false, true)) {
      return;
    }
    boolean sent = false;
    try {
      List<Command> notes = missing();
      if (!notes.isEmpty()) {
        var unused =
            log.apply(notes)
                .whenComplete(
                    (done, failure) -> {
                      inFlight.set(false);
                      if (failure != null) {
                        LOG.debug("noting members has to wait", failure);
                      }
                    });
        sent = true;
      }
    } catch (RegistryException e) {
      LOG.warn("cannot tell which members are noted", e);
    } finally {
      if (!sent) {
        inFlight.set(false);
      }
    }
  }

  private List<Command> missing() {
    Set<String> present = heard.get().stream().map(id -> note(lineage, id)).collect(toSet());
    Set<String> unnoted = registry.apply(view -> unnoted(view, present));
    List<Command> notes = new ArrayList<>();
    for (String id : unnoted) {
      notes.add(Command.newBuilder().setNoteMember(NoteMember.newBuilder().setNodeId(id)).build());
    }
    return notes;
  }

  /** No name of a node has a slash. */
  private static String note(String lineage, String id) {
    return lineage + "/" + id;
  }

  /** The nodes that are noted of a lineage; none while the registry cannot keep notes. */
  static List<String> noted(RegistryView view, String lineage) {
    String prefix = note(lineage, "");
    return view.formatLevel() < 3
        ? List.of()
        : view.notedMembers().stream()
            .filter(note -> note.startsWith(prefix))
            .map(note -> note.substring(prefix.length()))
            .toList();
  }

  /** None while the registry cannot keep notes: the level is raised first. */
  private static Set<String> unnoted(RegistryView view, Set<String> present) {
    if (view.formatLevel() < 3) {
      return Set.of();
    }
    Set<String> unnoted = new HashSet<>(present);
    view.notedMembers().forEach(unnoted::remove);
    return unnoted;
  }
}
