# SPDX-License-Identifier: GPL-2.0-only
# Results as Markdown tables.

def unique_in_order: reduce .[] as $x ([]; if index([$x]) then . else . + [$x] end);

def digits($n): . * pow(10; $n) | round / pow(10; $n);

def number($digits):
	if . == null then ""
	elif $digits == 0 then round | tostring
	else digits($digits) | tostring end;

def title:
	{bulk: "bulk", both: "both ways", bulkauto: "bulk, growing buffers",
	 screen: "screen share", setup: "calls"}[.] //
	(if test("^idle") then "\(.[4:]) idle relays"
	 elif test("^rtt") then "\(.[3:]) B round trip"
	 elif test("^(channel|indication)") then
		capture("^(?<how>[a-z]+)(?<n>.*)") | "\(.how)s, \(.n) client\(if .n == "1" then "" else "s" end)"
	 elif test("^bulk") then "bulk, \(.[4:]) relays" else . end);

def table($head; $rows):
	"| \($head | join(" | ")) |",
	"|---|\($head[1:] | map("---:|") | join(""))",
	($rows[] | "| \(join(" | ")) |");

# A table with a row for each rival and a column for each work.
def matrix($results; $works; cell):
	($works | map(. as $w | select($results | any(.work == $w)))) as $there |
	($results | map(.rival) | unique_in_order) as $rivals |
	if $there == [] then empty else
		table(["rival"] + ($there | map(title));
			[$rivals[] as $r | [$r] + ($there | map(. as $w |
				[$results[] | select(.rival == $r and .work == $w)] |
				first | if . == null then "" else cell end))])
	end;

# What went wrong, in a word or two; all of it comes below the tables.
def trouble: .outcome | sub("^(round|burst) [0-9]+: "; "") | sub("( after |:).*"; "");

# A cell: what has failed has no figure, and one that lost the answer to a
# half-close has it behind the figure.
def cell(f):
	if .outcome != "ok" then "**\(trouble)**"
	elif (.half_close // "ok") != "ok" then "\(f), *\(.half_close | sub("^the "; ""))*"
	else f end;

def cost: cell(
	if .rival == "direct" then "(\(.instructions | number(0)))"
	else .over_direct | number(0) end);

def percent_idle: del(.half_close) | cell(.idle_ns / .elapsed_ns * 100 | number(0));

def latencies: cell("\(.p50 / 1000 | number(1)) / \(.p99 / 1000 | number(1))");

def bulk_works: ["bulk", "both", "screen", "bulk16", "bulk256", "bulk4096", "bulkauto"];
def message_works: ["rtt64", "rtt1200"];
def datagram_works: ["channel1", "channel16", "indication1", "indication16"];

def settings:
	"How they are set:",
	"",
	(.results | map(.rival) | unique_in_order) as $rivals |
	(.about | to_entries[] | select(.key | IN($rivals[])) | "* \(.key): \(.value)");

def counts:
	[.results[] | select(.work == "calls" and .outcome == "ok")] as $calls |
	.results as $all |
	if $calls == [] then empty else
		"",
		"For each MiB of bulk, and each round trip: system calls of the relay's process, context switches",
		"of the whole machine over direct, and how often a byte is copied on the relay.",
		"",
		table(["rival", "calls / MiB", "switches / MiB", "copies of a byte", "calls / round trip"];
			[$calls[] | . as $c | [.rival, (.calls_per_mib | number(1)),
				($all | map(select(.rival == $c.rival and .work == "bulk")) | first |
					.switches_over_direct | number(1)),
				(if .rival == "sockmap" then "?" else .copied_per_byte | number(3) end),
				($all | map(select(.rival == $c.rival and .work == "callsrtt")) | first |
					.calls_per_round | number(1))]])
	end;

def setups:
	[.results[] | select(.work == "setup" and .outcome == "ok")] as $setups |
	if $setups == [] then empty else
		"",
		"A call: Allocate, Connect, ConnectionBind, 8 bytes each way, the end. A CPU of 10^9 instructions a",
		"second that does nothing else serves so many.",
		"",
		table(["rival", "instructions, server", "instructions, all hosts", "calls a second"];
			[$setups[] | [.rival, (.server_instructions | number(0)),
				(.instructions | number(0)), (1e9 / .server_instructions | number(0))]])
	end;

def datagrams:
	if all(.results[]; .unit != "datagram") then empty else
		"",
		"UDP relaying: instructions over direct, for each datagram of 160 bytes that is relayed, in channels or",
		"in Send and Data indications; so many clients send at once, and wait for the peer to answer.",
		"",
		matrix(.results; datagram_works; cost)
	end;

def allocations:
	[.results[] | select(.work == "allocate" and .outcome == "ok")] as $allocations |
	if $allocations == [] then empty else
		"",
		"A UDP allocation, over UDP: Allocate, the same signed, Refresh with a lifetime of 0.",
		"",
		table(["rival", "instructions, server", "instructions, all hosts"];
			[$allocations[] | [.rival, (.server_instructions | number(0)),
				(.instructions | number(0))]])
	end;

def memories:
	[.results[] | select(.unit == "relay" and .outcome == "ok" and .rival != "direct")] as $idle |
	($idle | map(.work) | unique_in_order) as $works |
	if $idle == [] then empty else
		"",
		"Bytes of memory for an idle relay with all its sockets on the edge host, in the kernel and in the",
		"process; and instructions a second that all of them together take.",
		"",
		matrix([.results[] | select(.unit == "relay" and .rival != "direct")]; $works;
			cell("\(.kernel_per_relay | number(0)) + \(.user_per_relay | number(0)); \(
				.instructions_per_second | number(0))"))
	end;

def walls:
	if .wall == [] then empty else
		"",
		"Two CPUs, emulated: time, as a multiple of that of direct beside it; the median of \(.wall[0].measured), and in",
		"parentheses the lowest and highest. The machine has other things to do.",
		"",
		matrix(.wall; ["bulk", "both"];
			cell("\(.ratio | number(2)) (\(.lowest | number(2))–\(.highest | number(2)))"))
	end;

def complaints:
	(.results[] | select(.outcome != "ok") | "* \(.rival), \(.work): \(.outcome)"),
	(.wall[] | select(.outcome != "ok") | "* \(.rival), \(.work), two CPUs: \(.outcome)"),
	(.results | map(select(.half_close != null and .half_close != "ok")) | group_by(.rival)[] |
		"* \(.[0].rival): after a half-close, \(.[0].half_close) (\(map(.work) | join(", ")))");

(.runs[0] | settings),
(.runs[] |
"",
"### Linux \(.release), \(.length)",
"",
"Instructions over direct, for each KiB (in parentheses: direct itself).",
"",
matrix(.results; bulk_works; cost),
"",
"Instructions over direct, for each round trip.",
"",
matrix(.results; message_works; cost),
"",
"How long they take, in thousands of instructions: half of them, 99 % of them. Of the screen's, one burst.",
"",
matrix(.results; message_works + ["screen"]; latencies),
"",
"Of the time of a transfer, the part in which the CPU had nothing to do: somebody waited, in percent.",
"",
matrix(.results; bulk_works - ["screen"]; percent_idle),
counts, setups, datagrams, allocations, memories, walls,
"",
([complaints] | if . == [] then "Nothing was lost." else "What failed or was lost:", "", .[] end))
