# SPDX-License-Identifier: GPL-2.0-only
# What an operator does, and looks at. Sourced by guest; each runs under set -e.

packages="$top/build/deb/kturnd_%s_*.deb $top/build/deb/kturn-dkms_%s_*.deb"
conf=/etc/kturn/kturnd.conf

# Unlike the "!" of the shell one that set -e sees.
not() {
	! "$@"
}

dpkg_install() {
	# The pattern stands for the files.
	as_operator env DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold \
		-i $(printf "$packages" "$1" "$1") </dev/null
}

module_is() {
	[ "$(modinfo -F version kturn)" = "$1" ]
	dkms status kturn | tee /tmp/dkms
	[ "$(grep -c . /tmp/dkms)" = 1 ]
	grep -q "^kturn/$1, $(uname -r), x86_64: installed" /tmp/dkms
}

install_packages() {
	dpkg_install "$version"
	module_is "$version"
	getent passwd kturnd
	[ "$(stat -c '%U %G %a' "$conf")" = "root kturnd 640" ]
}

not_started() {
	[ "$(as_operator systemctl is-enabled kturnd)" = disabled ]
	[ "$(as_operator systemctl is-active kturnd)" = inactive ]
	# What is installed has no mistakes.
	kturnd --check-config -c "$conf"
}

main_pid() {
	as_operator systemctl show -P MainPID kturnd
}

configure_and_start() {
	printf '%s\n' listening-ip=10.77.0.1 relay-ip=10.77.0.1 realm=install lt-cred-mech \
		user=alice:wonder >>"$conf"
	kturnd --check-config -c "$conf"
	as_operator systemctl enable --now kturnd
	[ "$(as_operator systemctl is-active kturnd)" = active ]
	[ "$(as_operator systemctl show -P Type kturnd)" = notify ]
	as_operator systemctl status --no-pager kturnd
	grep -q '^kturn ' /proc/modules
}

# Of the process itself, not of what the unit asks for.
confined() {
	local status
	status=$(as_operator sh -c 'cat /proc/$(systemctl show -P MainPID kturnd)/status')
	echo "$status"
	grep -q "^Uid:.$(id -u kturnd)" <<<"$status"
	# 1 << 12 and 1 << 10: CAP_NET_ADMIN, CAP_NET_BIND_SERVICE.
	grep -q '^CapEff:.0000000000001400' <<<"$status"
	grep -q '^CapBnd:.0000000000001400' <<<"$status"
	grep -q '^NoNewPrivs:.1' <<<"$status"
	grep -q '^Seccomp:.2' <<<"$status"
	as_operator systemd-analyze security --no-pager --offline=true --threshold=20 \
		/lib/systemd/system/kturnd.service | tail -n 1
}

# A megabyte each way, with its content checked; leaves the counters in /tmp/stats.
call() {
	local relayed transfer
	rm -f /tmp/client
	"$client" transfer --via 10.77.0.1:3478 --user alice:wonder --from 10.77.0.3 \
		--size 1M >/tmp/client 2>&1 &
	transfer=$!
	within 60 grep -q ^relayed /tmp/client
	relayed=$(sed -n 's/^relayed //p' /tmp/client)
	timeout 120 "$client" transfer --to "$relayed" --bind 10.77.0.3 --size 1M
	wait "$transfer"
	cat /tmp/client
	kturn stats -j >/tmp/stats
	cat /tmp/stats
}

call_through_module() {
	call
	jq -e '.created == 1' /tmp/stats
	as_operator journalctl --no-pager -u kturnd | grep 'datapath: engine=kernel'
}

# The filter lets splice(2) and its pipes through.
call_by_splice() {
	echo datapath=splice >>"$conf"
	as_operator systemctl restart kturnd
	call
	jq -e '.created == 1' /tmp/stats
	sed -i /^datapath=/d "$conf"
	as_operator systemctl restart kturnd
}

serves_as_another() {
	[ "$(as_operator systemctl is-active kturnd)" = active ] && [ "$(main_pid)" != "$1" ]
}

# With less patience than the unit has; the one before has been patted all the while.
watchdog_bites() {
	local pid
	as_operator sh -c 'mkdir -p /run/systemd/system/kturnd.service.d
		printf "[Service]\nWatchdogSec=10\n" \
			>/run/systemd/system/kturnd.service.d/watchdog.conf
		systemctl daemon-reload'
	as_operator systemctl restart kturnd
	pid=$(main_pid)
	sleep 25
	[ "$(main_pid)" = "$pid" ]
	as_operator kill -STOP "$pid"
	within 120 serves_as_another "$pid"
	as_operator journalctl --no-pager -u kturnd | grep -i 'watchdog timeout'
	as_operator rm -r /run/systemd/system/kturnd.service.d
	as_operator systemctl daemon-reload
	as_operator systemctl restart kturnd
}

# start_call SIZE: as call does, in $transfer and $peer.
start_call() {
	local relayed
	rm -f /tmp/client
	"$client" transfer --via 10.77.0.1:3478 --user alice:wonder --from 10.77.0.3 \
		--size "$1" >/tmp/client 2>&1 &
	transfer=$!
	within 60 grep -q ^relayed /tmp/client
	relayed=$(sed -n 's/^relayed //p' /tmp/client)
	"$client" transfer --to "$relayed" --bind 10.77.0.3 --size "$1" >/tmp/peer 2>&1 &
	peer=$!
	within 60 grep -q ^bound /tmp/client
}

# The service manager has the sockets meanwhile, and the kernel the call.
call_goes_on() {
	local pid
	echo keep-sessions >>"$conf"
	as_operator systemctl restart kturnd
	start_call 200M
	pid=$(main_pid)
	as_operator kill -KILL "$pid"
	within 60 serves_as_another "$pid"
	pid=$(main_pid)
	as_operator kturn upgrade
	within 60 serves_as_another "$pid"
	pid=$(main_pid)
	as_operator systemctl restart kturnd
	serves_as_another "$pid"
	kturn relay list
	[ "$(kturn relay list -j | jq length)" = 1 ]
	kill -0 "$transfer"
	wait "$transfer"
	wait "$peer"
	cat /tmp/client
	as_operator journalctl --no-pager -u kturnd |
		grep -c 'allocations restored: restored=1 lost=0 relays=1' | grep -x 3
	[ "$(as_operator systemctl show -P NFileDescriptorStore kturnd)" -gt 0 ]
	sed -i /^keep-sessions/d "$conf"
	as_operator systemctl restart kturnd
}

upgrade() {
	local pid before
	before=$(md5sum "$conf")
	pid=$(main_pid)
	dpkg_install "$next"
	[ "$(md5sum "$conf")" = "$before" ]
	[ -e "$conf.dpkg-dist" ] # the new one, to be compared
	module_is "$next"
	serves_as_another "$pid"
	call
}

remove_packages() {
	as_operator dpkg -r kturnd kturn-dkms
	[ "$(as_operator systemctl is-active kturnd)" != active ]
	[ -z "$(ss -Hltn 'sport = :3478')" ]
	not modinfo kturn
	[ -e "$conf" ]
}

purge_packages() {
	rmmod kturn
	as_operator dpkg -P kturnd kturn-dkms
	as_operator systemctl daemon-reload
	named_files >/tmp/after
	diff /tmp/before /tmp/after
}
