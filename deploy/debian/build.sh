#!/bin/sh
# Makes picket_VERSION_ARCH.deb of this tree in $OUT (dist when not set), for GOARCH (this machine's when not
# set). DEB_VERSION is the version without its revision, version.sh's when not set. What
# is made depends on the commit alone: files carry its time.
set -eu
cd "$(dirname "$0")/../.."

go=${GO:-go}
GOARCH=${GOARCH:-$($go env GOARCH)}
DEB_VERSION=${DEB_VERSION:-$(deploy/debian/version.sh)}
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
version=${VERSION:-$DEB_VERSION}
out=${OUT:-dist}
mkdir -p "$out"
STAGE=$(mktemp -d "$out/stage.XXXXXX")
trap 'rm -rf "$STAGE"' EXIT
export GOARCH DEB_VERSION SOURCE_DATE_EPOCH STAGE

CGO_ENABLED=0 GOOS=linux $go build -trimpath -ldflags "-s -w -X main.version=$version" -o "$STAGE/picket" ./cmd/picket

# What documents itself is run here, whatever the package is for.
tool=$STAGE/picket
if [ "$GOARCH" != "$($go env GOHOSTARCH)" ]; then
	tool=$STAGE/native
	CGO_ENABLED=0 GOOS='' GOARCH='' $go build -trimpath -ldflags "-X main.version=$version" -o "$tool" ./cmd/picket
fi
pack() { gzip -9n; }
"$tool" man picket | pack >"$STAGE/picket.1.gz"
"$tool" man picket.conf | pack >"$STAGE/picket.conf.5.gz"
"$tool" completion bash >"$STAGE/picket.bash"
"$tool" completion zsh >"$STAGE/_picket"
"$tool" completion fish >"$STAGE/picket.fish"

pack >"$STAGE/changelog.Debian.gz" <<END
picket ($DEB_VERSION-1) stable; urgency=medium

  * Made of the source at this version; see /usr/share/doc/picket/README.Debian.

 -- The Picket authors <authors@picket.invalid>  $(TZ=UTC LC_ALL=C date -d "@$SOURCE_DATE_EPOCH" '+%a, %d %b %Y %H:%M:%S +0000')
END

# The program is linked statically: the licences of what is in it come with it.
{
	cat deploy/debian/copyright
	printf '\nThe program contains the Go runtime and standard library, under this licence:\n\n'
	cat "$($go env GOROOT)/LICENSE"
	GOOS=linux $go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/picket | sort -u |
		while read -r path number dir; do
			printf '\nIt contains %s %s, under this licence:\n\n' "$path" "$number"
			found=$(find "$dir" -maxdepth 1 -type f \( -name 'LICEN[SC]E*' -o -name 'COPYING*' \) | sort)
			[ -n "$found" ] || { echo "build.sh: $path has no licence that could be packed" >&2; exit 1; }
			echo "$found" | while read -r file; do
				if head -n 3 "$file" | grep -q 'Apache License'; then # which every Debian has
					echo 'the Apache License 2.0, as in /usr/share/common-licenses/Apache-2.0.'
					[ ! -f "$dir/NOTICE" ] || cat "$dir/NOTICE"
				else
					cat "$file"
				fi
			done
		done
} >"$STAGE/copyright"

# nfpm is a program of this machine too.
deb=$out/picket_${DEB_VERSION}-1_$GOARCH.deb
(unset GOARCH && CGO_ENABLED=0 $go build -modfile=deploy/debian/tools/go.mod -o "$STAGE/nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm)
"$STAGE/nfpm" package --config deploy/debian/nfpm.yaml --packager deb --target "$deb" >&2
echo "$deb"
