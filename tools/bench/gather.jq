# SPDX-License-Identifier: GPL-2.0-only
# Measurements to results; see gather.

def busy: .elapsed_ns - .idle_ns;

# The same rival and work, in the order in which they first came.
def grouped: reduce .[] as $m ({};
	.[$m.rival + " " + $m.work] += [$m]) | [.[]];

def median_by(f): sort_by(f) | .[(length - 1) / 2 | floor];

# One that failed stands for all.
def one(f):
	(map(select(.outcome != "ok")) | first) as $failed |
	(map(select(.half_close? and .half_close != "ok")) | first) as $cut |
	if $failed then
		$failed + {measured: length}
	else
		(map(f) | [min, max]) as [$low, $high] |
		median_by(f) + {measured: length} +
		(if $high > 0 then {spread: (($high - $low) / $high)} else {} end) +
		(if $cut then {half_close: $cut.half_close} else {} end)
	end;

def unit:
	if .work | test("^(rtt|callsrtt)") then "round trip"
	elif .work == "setup" then "call"
	elif .work == "allocate" then "allocation"
	elif .work | test("^(channel|indication)") then "datagram"
	elif .work | startswith("idle") then "relay"
	else "KiB" end;

def units:
	if unit == "KiB" then .bytes / 1024
	elif unit == "relay" then .relays
	else .rounds end;

def mib: .bytes / 1048576;

def cost: busy / units;
def switches_a_mib: .switches / mib;

# An idle relay: the ends of it are not its own. With TURN there is a third, of
# the control connection.
def memory($direct):
	(if .rival | test("^(kturnd|coturn)") then 1.5 else 1 end) as $ends |
	{
		kernel_per_relay: ((.kernel_bytes - $ends * $direct.kernel_bytes) / .relays),
		user_per_relay: (.user_bytes / .relays),
		instructions_per_second: ((busy - ($direct | busy)) / (.elapsed_ns / 1e9))
	};

def counted_result($direct):
	. + {unit: unit} +
	if .outcome != "ok" then {}
	elif unit == "relay" then
		if $direct then memory($direct) else {} end
	else
		{instructions: cost} +
		(if .server_ns then {server_instructions: (.server_ns / units)} else {} end) +
		(if $direct and $direct.outcome == "ok" then
			{over_direct: (cost - ($direct | cost)),
			 switches_over_direct: (switches_a_mib - ($direct | switches_a_mib))}
		else {} end) +
		(if .work == "calls" then
			{calls_per_mib: ((.calls // 0) / mib),
			 copied_per_byte: (((.copied // 0) + (.module_copied // 0)) / .bytes)}
		elif .work == "callsrtt" then
			{calls_per_round: ((.calls // 0) / .rounds)}
		else {} end)
	end;

def counted:
	map(select(.work)) | grouped | map(one(busy)) |
	(map(select(.rival == "direct") | {key: .work, value: .}) | from_entries) as $direct |
	map(counted_result($direct[.work]));

# The rivals took turns, so each measurement has one of direct beside it.
def ratios($direct): [range(length) as $i | .[$i].elapsed_ns / $direct[$i].elapsed_ns];

def timed:
	(map(select(.work)) | grouped) as $all |
	($all | map({key: .[0].work, value: select(.[0].rival == "direct")}) | from_entries) as $direct |
	$all | map($direct[.[0].work] as $beside |
		{rival: .[0].rival, work: .[0].work,
		 outcome: (map(.outcome) | map(select(. != "ok")) | first // "ok"),
		 measured: length} +
		if $beside and all(.[], $beside[]; .outcome == "ok") then
			(ratios($beside) | sort) as $ratios |
			{ratio: ($ratios | median_by(.)), lowest: $ratios[0], highest: $ratios[-1]}
		else {} end);

($counted | map(.machine // empty) | first) as $machine |
{
	kernel: $kernel,
	release: $machine.release,
	coturn: $machine.coturn,
	length: $length,
	about: $about[0],
	results: ($counted | counted),
	wall: ($timed | timed)
}
