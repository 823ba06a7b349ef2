# SPDX-License-Identifier: GPL-2.0-only
# Where the server's users come from, besides its file. Sourced by run.

# A web service makes them up; two secrets are in use while one replaces the other.
made_up_users() {
	start_server --static-auth-secret='the secret of before' \
		--static-auth-secret='the secret of today'
	test_command 'turnutils_uclient, a user of the REST API' \
		uclient -n 20 -m 2 -l 170 -u alice -W 'the secret of today' "$address"
	test_command 'turnutils_uclient, the secret of before' \
		uclient -n 20 -m 2 -l 170 -u alice -W 'the secret of before' "$address"
	test_command 'turnutils_uclient, no secret of ours' \
		refuses_uclient -n 2 -m 2 -l 170 -u alice -W guessed "$address"
	test_command 'turnutils_uclient, a user of the file beside them' \
		uclient -n 20 -m 2 -l 170 -u alice -w wonder "$address"
	stop_server

	start_server --static-auth-secret='the secret of before' \
		--static-auth-secret='the secret of today' --user-quota=1
	wire_tests rest
	stop_server
}

users_from_elsewhere() {
	made_up_users
}
