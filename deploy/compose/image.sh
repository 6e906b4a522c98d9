#!/bin/sh
# Makes the image of Picket around the binary that make build made:
#
#   image.sh [TAG]
#
# The build context is a folder of its own with three things in it, so that nothing
# else of the source tree is sent to the engine.
set -eu

tag=${1:-picket:lab}
here=$(cd "$(dirname "$0")" && pwd)
binary=${PICKET_BINARY:-$here/../../picket}

[ -x "$binary" ] || { echo "image.sh: $binary is missing: run make build, or name one in PICKET_BINARY" >&2; exit 2; }
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp "$binary" "$context/picket"
cp "$here/Dockerfile" "$context"
chmod 755 "$context/picket"
mkdir -m 700 "$context/state"
docker build -q -t "$tag" "$context"
