# boot.sh CGROUP PROGRAM...: becomes the first process of a machine, whose root comes
# as a tarball on the standard input. It is run in a mount namespace of its own and
# takes the other namespaces itself.
set -eu
cgroup=$1 new=/mnt # only this mount namespace sees what is mounted there
shift

mount --make-rprivate /
mount -t tmpfs -o mode=755 picket-machine $new
tar -C $new -xf -

# The first process sees the cgroup that it is in when it takes the namespace as the
# root of all: systemd wants to own one. A version 2 without controllers is enough, so
# that this works beside a version 1.
mount -t cgroup2 cgroup2 $new/mnt
for left in $new/mnt/picket-machine-*; do # of machines that nobody could clean up behind
	[ ! -d "$left" ] || find "$left" -depth -type d -exec rmdir {} + 2>/dev/null || true # one that is in use stays
done
for try in 1 2 3; do # another machine may take an empty one for left behind
	mkdir -p "$new/mnt/$cgroup"
	! echo $$ >"$new/mnt/$cgroup/cgroup.procs" || break
done

exec unshare --cgroup --mount --uts --ipc --net --pid --fork --kill-child sh -eu -c '
	cd "$1"
	shift
	umount mnt
	mount -t proc proc proc
	mount --bind proc/sys proc/sys # the settings of the kernel are not of this machine alone
	mount -o remount,bind,ro proc/sys
	mount -t sysfs -o ro sysfs sys
	mount -t cgroup2 cgroup2 sys/fs/cgroup
	mount -t tmpfs -o mode=755 dev dev
	mkdir dev/pts dev/shm
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
	ln -s pts/ptmx dev/ptmx
	for device in null zero full random urandom tty; do
		: >"dev/$device"
		mount --bind "/dev/$device" "dev/$device"
	done
	mount -t tmpfs shm dev/shm
	mount -t tmpfs -o mode=755 run run
	hostname machine
	mkdir run/outside
	pivot_root . run/outside
	umount -l /run/outside
	rmdir /run/outside
	exec env -i container=picket-machine PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
' sh $new "$@" </dev/null
