#!/bin/sh
# Prints the Debian version (without its revision) of what "git describe" says, given as
# an argument or asked of git:
#   v1.2.3            1.2.3
#   v1.2.3-rc1        1.2.3~rc1, which is older than 1.2.3
#   v1.2.3-4-gabcdef  1.2.3+4.gabcdef, which is newer
#   abcdef            0.0.0+git20260102030405.abcdef where no tag is: by the time of the commit
# A work tree that differs from its commit adds +0.dirty.
set -eu
cd "$(dirname "$0")"

said=${1-$(git describe --tags --always --dirty 2>/dev/null || true)}
clean=${said%-dirty}
dirty=
[ "$clean" = "$said" ] || dirty=+0.dirty
case $clean in
v[0-9]* | [0-9]*.*)
	number=$(printf %s "${clean#v}" | sed -E 's/-([0-9]+)-(g[0-9a-f]+)$/+\1.\2/; s/-/~/g; s/[^A-Za-z0-9.+~]/./g')
	;;
"") number=0.0.0 ;;
*) number=0.0.0+git$(TZ=UTC git log -1 --date=format-local:%Y%m%d%H%M%S --format=%cd "$clean").$clean ;;
esac
echo "$number$dirty"
