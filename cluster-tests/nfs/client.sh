#!/bin/bash
# The first process of the user-mode Linux that run boots: mounts the export and runs the suite on it.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm
mount -t tmpfs shm /dev/shm
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mount -t hostfs none /host -o /
. "/host$SETTINGS"

ip link set lo up
ip addr add "$CLIENT/24" dev vec0
ip link set vec0 up

mkdir -p /tmp/nfs /tmp/other /tmp/v3
mount_export() { # DIRECTORY SOURCE OPTIONS
  for _ in $(seq 100); do
    mount -t nfs -o "$3,proto=tcp,hard,nosharecache,lookupcache=positive" "$SERVER:$2" "$1" && return 0
    sleep 0.3
  done
  return 1
}
if mount_export /tmp/nfs /blobs vers=4.1 && mount_export /tmp/other /blobs vers=4.1 &&
  mount_export /tmp/v3 "$(sed 's#/control$#/export#; s#^/host##' <<<"$CONTROL")" vers=3,nolock,mountproto=tcp; then
  grep ' nfs' /proc/mounts
  java -Xmx400m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$(cat "$CLASSPATH_FILE")" \
    -Dassetmanagerd.nfs.directory=/tmp/nfs -Dassetmanagerd.nfs.other=/tmp/other -Dassetmanagerd.nfs.v3=/tmp/v3 \
    -Dassetmanagerd.nfs.control="$CONTROL" "$SUITE" 2>&1 && echo SUITE-PASSED
fi
sync
echo o >/proc/sysrq-trigger
sleep 10
