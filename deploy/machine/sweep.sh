# sweep.sh CGROUP: removes the cgroups of a machine that has ended. It is run in a
# mount namespace of its own.
set -eu
mount --make-rprivate /
mount -t cgroup2 cgroup2 /mnt
[ ! -d "/mnt/$1" ] || find "/mnt/$1" -depth -type d -exec rmdir {} +
