# SPDX-License-Identifier: GPL-2.0-only
# A system to install in: systemd, in a PID namespace of the guest and with the guest's
# files, of which it gets a fresh /run. Sourced by guest.

# What an installed kernel has, and this one, unpacked in a cache, has not.
link_headers() {
	ln -sfn "$headers" "/lib/modules/$(uname -r)/build"
}

start_system() {
	link_headers
	# Of a container, whose packages are not to start anything.
	rm -f /usr/sbin/policy-rc.d
	# One that an unconfigured server finds by itself.
	ip link add edge type veth peer name wall
	ip link set wall up
	ip link set edge up
	ip address add 10.77.0.1/32 dev edge
	ip address add 10.77.0.3/32 dev lo
	unshare --fork --pid --mount --kill-child=KILL sh -c '
		mount -t proc proc /proc
		mount -t tmpfs run /run
		# Or udev would look at all devices there are.
		mount -o remount,bind,ro /sys
		mount -t cgroup2 cgroup /sys/fs/cgroup
		exec env -i container=vm PATH="$PATH" /lib/systemd/systemd --unit=basic.target' \
		>/tmp/systemd 2>&1 </dev/null &
	outside=$!
	until init=$(cat "/proc/$outside/task/$outside/children") && [ "$init" ]; do
		sleep 0.1
	done
	init=${init%% *}
}

stop_system() {
	kill -KILL "$outside"
	wait "$outside" 2>/dev/null
}

# as_operator COMMAND…: runs it where systemd is.
as_operator() {
	nsenter -t "$init" -p -m -- "$@"
}

# within SECONDS COMMAND…: tries until it succeeds.
within() {
	local until=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt "$until" ] || return 1
		sleep 0.5
	done
}

system_is_up() {
	cat /tmp/systemd
	within 300 as_operator systemctl is-active basic.target
	as_operator systemctl --no-pager --failed
}

# Prints what has kturn in its name where packages and services leave things. Not in all
# of /usr, for which a virtual machine takes its time.
named_files() {
	find /etc /etc/systemd/system /usr/sbin /usr/src /usr/lib/sysusers.d \
		/usr/lib/modules-load.d /lib/systemd/system /usr/share/man \
		/usr/share/bash-completion/completions /var/lib /var/lib/dpkg/info \
		/var/lib/systemd/deb-systemd-helper-enabled "/lib/modules/$(uname -r)/updates" \
		-xdev -maxdepth 2 -name '*kturn*' -prune -print 2>/dev/null | sort -u || true
	ls -d /usr/share/doc/*kturn* 2>/dev/null || true
	getent passwd kturnd || true
	getent group kturnd || true
}
