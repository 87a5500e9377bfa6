package dev.assetmanagerd.raft;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.apache.ratis.server.leader.FollowerInfo;

/**
 * Ends Ratis's taking a member for one that is still being added.
 *
 * <p>Ratis 3.3.0 takes that back only for members that are added as voters, not for listeners, nor
 * when they become voters, nor when it restarts the sender of a follower that it has. Such a member
 * could let no later change succeed while it is down, and the leader would ignore a higher term
 * that it is in. The method is not public; where it is missing, the node does not start.
 */
final class CaughtUpMark {
  private static final String CLASS = "org.apache.ratis.server.impl.FollowerInfoImpl";

  private final MethodHandle catchUp;

  CaughtUpMark() {
    try {
      Class<?> followers = Class.forName(CLASS);
      catchUp =
          MethodHandles.privateLookupIn(followers, MethodHandles.lookup())
              .findVirtual(followers, "catchUp", MethodType.methodType(void.class))
              .asType(MethodType.methodType(void.class, FollowerInfo.class));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("not the version of Ratis that this program was made for", e);
    }
  }

  /** To be called once a member that is in the configuration has accepted something. */
  void set(FollowerInfo member) {
    try {
      catchUp.invokeExact(member);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e); // it declares none
    }
  }
}
