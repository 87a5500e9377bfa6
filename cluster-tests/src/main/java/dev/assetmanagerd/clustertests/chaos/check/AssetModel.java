package dev.assetmanagerd.clustertests.chaos.check;

import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Acquire;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Conflict;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Delete;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.DeleteMissing;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.DeleteRefused;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.End;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.EndAny;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Missing;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Present;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Register;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Release;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.ReleaseRefused;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Renew;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.RenewRefused;
import dev.assetmanagerd.clustertests.chaos.check.AssetOperation.Unavailable;
import dev.assetmanagerd.clustertests.chaos.check.AssetState.Phase;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One asset as clients may see it: absent, then available with leases on it, then deleted, which
 * looks absent, and perhaps available anew.
 *
 * <p>A lease with an end does not end at a moment that the model knows. From the earliest moment on
 * an {@link End} may be placed, or not; what that moment is, the {@link LeaseTable} says. The same
 * end stands for the time being over, after which the lease cannot be renewed and does not stand
 * against deleting, and for the lease being taken off the count, which comes a little later; an
 * answer that falls between the two is judged by the earliest moment alone.
 */
final class AssetModel implements Model<AssetState, AssetOperation> {
  private final LeaseTable table;

  AssetModel(LeaseTable table) {
    this.table = table;
  }

  @Override
  public AssetState initial() {
    return AssetState.ABSENT;
  }

  @Override
  public @Nullable AssetState step(AssetState state, AssetOperation operation) {
    if (operation instanceof Acquire acquire) {
      return acquire(state, acquire);
    } else if (operation instanceof Release release) {
      return release(state, release);
    } else if (operation instanceof End end) {
      return state.has(end.lease()) ? state.without(end.lease()) : null;
    } else if (operation instanceof EndAny end) {
      return state.has(end.lease()) ? ended(state, end.lease()) : state;
    } else if (operation instanceof Register register) {
      return register(state, register);
    } else if (operation instanceof Delete delete) {
      return delete(state, delete);
    } else if (operation instanceof DeleteMissing) {
      return state.isAvailable() ? null : state.purged();
    }
    return holds(state, operation) ? state : null;
  }

  /**
   * Of leases of which only the number matters, and when they are gone at last, any may go that may
   * be gone. Where a less urgent one had gone first, the two can be swapped: the other goes when
   * the urgent one would have, and an answer that it is gone can be put off until then.
   */
  @Override
  public @Nullable Long dueBy(AssetOperation operation) {
    return operation instanceof End end && table.isOneOfMany(end.lease())
        ? Long.valueOf(table.goneBy(end.lease()))
        : null;
  }

  /**
   * Of acquires without an answer it is the number that counts. Those whose lease ends by itself
   * can stand in for each other when they are equally long, since the earlier may end earlier; but
   * not where a lease may have been ended before its time.
   */
  @Override
  public @Nullable Object kin(AssetOperation operation) {
    if (operation instanceof Acquire acquire && acquire.lease() != AssetOperation.NAMELESS) {
      return table.mayHaveBeenDeletedByForce() || acquire.lifeNanos() == AssetOperation.ANY
          ? null
          : acquire.lifeNanos();
    }
    return operation instanceof Release || operation instanceof End || operation instanceof EndAny
        ? null
        : operation;
  }

  @Override
  public boolean isRead(AssetOperation operation) {
    return operation instanceof Present
        || operation instanceof Missing
        || operation instanceof Conflict
        || operation instanceof Unavailable
        || operation instanceof Renew
        || operation instanceof RenewRefused
        || operation instanceof ReleaseRefused
        || operation instanceof DeleteRefused;
  }

  /** Whether what changes nothing can be answered like this. */
  private boolean holds(AssetState state, AssetOperation operation) {
    if (operation instanceof Present present) {
      return state.isAvailable()
          && sameContent(state.content(), present.content())
          && counts(present.references(), state);
    } else if (operation instanceof Missing) {
      return !state.isAvailable();
    } else if (operation instanceof Renew renew) {
      return state.has(renew.lease());
    } else if (operation instanceof RenewRefused refused) {
      return !state.has(refused.lease())
          || table.endsFrom(refused.lease()) <= refused.returnNanos();
    } else if (operation instanceof ReleaseRefused refused) {
      return !state.has(refused.lease()) && !state.remembers(refused.lease());
    } else if (operation instanceof DeleteRefused refused) {
      return isHeld(state, refused);
    } else if (operation instanceof Conflict conflict) {
      return state.isAvailable()
          && (conflict.content() == AssetOperation.ANY || state.content() != conflict.content());
    } else if (operation instanceof Unavailable) {
      return state.phase() == Phase.DELETED;
    }
    throw new IllegalStateException("not a read: " + operation);
  }

  /** Those that may be gone may have been left out of the number. */
  private boolean isHeld(AssetState state, DeleteRefused refused) {
    if (!state.isAvailable() || state.references() == 0) {
      return false;
    }
    long surely =
        state.nameless()
            + Arrays.stream(state.leases())
                .filter(lease -> table.mayBeGoneFrom(lease) > refused.returnNanos())
                .count();
    return refused.references() == AssetOperation.ANY
        || (refused.references() >= Math.max(1, surely)
            && refused.references() <= state.references());
  }

  private static @Nullable AssetState acquire(AssetState state, Acquire acquire) {
    if (!state.isAvailable()) {
      return null;
    }
    if (acquire.lease() == AssetOperation.NAMELESS) {
      return state.withNameless();
    }
    if (state.has(acquire.lease())) {
      return null;
    }
    AssetState after = state.with(acquire.lease());
    return counts(acquire.references(), after) ? after : null;
  }

  private @Nullable AssetState release(AssetState state, Release release) {
    boolean held = state.has(release.lease());
    if (!held && !state.remembers(release.lease())) {
      return null;
    }
    AssetState after = held ? state.without(release.lease()) : state;
    // Of an asset that is gone the answer says nothing that could be wrong.
    if (after.isAvailable() && !counts(release.references(), after)) {
      return null;
    }
    return remembering(after, release.lease());
  }

  private AssetState ended(AssetState state, int lease) {
    return remembering(state.without(lease), lease);
  }

  /** The registry remembers all; here, what nobody asks for again is left out. */
  private AssetState remembering(AssetState state, int lease) {
    return table.isReleasedRepeatedly(lease) ? state.remembering(lease) : state;
  }

  private static @Nullable AssetState register(AssetState state, Register register) {
    if (!state.isAvailable()) {
      return register.references() > 0 ? null : state.registered(register.content());
    }
    return sameContent(state.content(), register.content()) && counts(register.references(), state)
        ? state
        : null;
  }

  private static @Nullable AssetState delete(AssetState state, Delete delete) {
    return switch (state.phase()) {
      case ABSENT -> null;
      case DELETED -> state;
      case AVAILABLE -> delete.force() || state.references() == 0 ? state.deleted() : null;
    };
  }

  private static boolean counts(int references, AssetState state) {
    return references == AssetOperation.ANY || references == state.references();
  }

  private static boolean sameContent(int one, int other) {
    return one == AssetOperation.ANY || other == AssetOperation.ANY || one == other;
  }

  @Override
  public String describe(AssetState state) {
    if (!state.isAvailable()) {
      return state.phase() == Phase.ABSENT ? "absent" : "deleted";
    }
    String leases =
        Arrays.stream(state.leases())
            .limit(20)
            .mapToObj(table::leaseName)
            .collect(Collectors.joining(", "));
    return "available with %d references%s%s"
        .formatted(
            state.references(),
            leases.isEmpty() ? "" : " (" + leases + (state.leases().length > 20 ? ", …)" : ")"),
            state.nameless() == 0 ? "" : ", " + state.nameless() + " of them of unknown id");
  }

  /** An operation, for a person: what it says of the asset. */
  String inWords(AssetOperation operation) {
    if (operation instanceof Acquire acquire) {
      return "lease %s granted, %s"
          .formatted(table.leaseName(acquire.lease()), references(acquire.references()));
    } else if (operation instanceof Release release) {
      return "lease %s released".formatted(table.leaseName(release.lease()));
    } else if (operation instanceof ReleaseRefused refused) {
      return "no lease %s to release".formatted(table.leaseName(refused.lease()));
    } else if (operation instanceof Renew renew) {
      return "lease %s renewed".formatted(table.leaseName(renew.lease()));
    } else if (operation instanceof RenewRefused refused) {
      return "no lease %s to renew".formatted(table.leaseName(refused.lease()));
    } else if (operation instanceof End end) {
      return "lease %s ended by itself".formatted(table.leaseName(end.lease()));
    } else if (operation instanceof EndAny end) {
      return "lease %s ended with its session".formatted(table.leaseName(end.lease()));
    } else if (operation instanceof Present present) {
      return "present with %s, %s"
          .formatted(table.contentName(present.content()), references(present.references()));
    } else if (operation instanceof Register register) {
      return "registered with %s".formatted(table.contentName(register.content()));
    }
    return operation.toString();
  }

  private static String references(int references) {
    return references == AssetOperation.ANY ? "any references" : references + " references";
  }

  @Override
  public int sizeOf(AssetState state) {
    return state.bytes();
  }
}
