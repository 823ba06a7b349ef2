# SPDX-License-Identifier: GPL-2.0-only
# Two documents of run, figure by figure; see compare.

def of_result:
	if .work | startswith("idle") then empty
	elif $measured or .rival == "direct" then {("instructions a \(.unit)"): .instructions}
	else {("over direct a \(.unit)"): .over_direct} end,
	{"instructions of the server": .server_instructions}, {"p50": .p50};

# Name to number. Quick and full ones are not the same figures.
def figures:
	[.runs[] | . as $run | .results[] | . as $result |
		select(.outcome == "ok") | of_result | to_entries[] | select(.value) |
		.key |= "\($run.kernel) \($run.length), \($result.rival), \($result.work): \(.)"] |
	from_entries;

def percent: if . > 0 then "+" else "" end + "\(. * 100 | round / 100) %";

($base[0] | figures) as $old |
($new[0] | figures) as $now |
[$now | to_entries[] | select($old[.key]) |
	.moved = (.value - $old[.key]) / ($old[.key] | fabs) * 100] as $both |
([$old, $now | keys[]] | group_by(.) | map(select(length == 1)[0])) as $alone |
($both | map(select(.moved | fabs > $within))) as $moved |
($moved[] | "\(.key) \($old[.key] | round) -> \(.value | round), \(.moved | percent)"),
(if $strict then $alone[] | "\(.) in one only" else empty end),
"\(($moved | length) + (if $strict then $alone | length else 0 end)) of \($both | length) figures moved by more than \($within) %"
