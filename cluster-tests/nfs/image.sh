#!/usr/bin/env bash
# image.sh DIRECTORY: makes the root file system of the machine that run boots as an NFS client. Once; a minute or two.
set -euo pipefail

target=$1
[ -e "$target/.complete" ] && exit 0
modules=/usr/lib/uml/modules
release=$(ls "$modules" | head -1)
mapfile -t sources < <(grep -lE '^(deb |Types:)' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null)

rm -rf "$target"
mkdir -p "$(dirname "$target")"
mmdebstrap --quiet --variant=minbase --mode=root \
  --include=openjdk-17-jre-headless,kmod,netbase,nfs-common,iproute2,procps \
  --essential-hook='mkdir -p "$1"/usr/share/man/man1' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --aptopt='Acquire::Languages "none"' \
  bookworm "$target" "${sources[@]}"
mkdir -p "$target/lib/modules" "$target/host" "$target/work"
cp -a "$modules/$release" "$target/lib/modules/"
chroot "$target" depmod "$release"
touch "$target/.complete"
