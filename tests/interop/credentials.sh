# SPDX-License-Identifier: GPL-2.0-only
# Where the server's users come from, besides its file. Sourced by run.

# A web service makes them up; two secrets are in use while one replaces the other.
made_up_users() {
	start_server --static-auth-secret='the secret of before' \
		--static-auth-secret='the secret of today'
	test_command 'turnutils_uclient, a user of the REST API' \
		uclient -n 20 -m 2 -l 170 -u alice -W 'the secret of today' "$address"
	test_command 'turnutils_uclient over TLS, a user of the REST API' \
		uclient -S -n 20 -m 2 -l 170 -u alice -W 'the secret of today' "$address"
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

# turnadmin OPTION…: what an administrator does to the database.
administer() {
	turnadmin -b "$tmp/turndb" "$@" >>"$tmp/turnadmin" 2>&1
}

# admits OPTION…: the client of these options gets its bytes, in the end.
admits() {
	await 10 uclient -n 2 -m 2 -l 170 "$@" "$address"
}

refuses() {
	await 10 refuses_uclient -n 2 -m 2 -l 170 "$@" "$address"
}

# As coturn's own tool makes it, and changes it while the server runs.
users_of_a_database() {
	rm -f "$tmp/turndb"
	administer -a -u carol -r interop -p singer
	administer -a -u carol -r elsewhere -p dancer
	administer -O -o https://elsewhere.example -r elsewhere
	start_server --userdb="$tmp/turndb"
	test_command 'turnutils_uclient, a user that turnadmin has added' \
		admits -u carol -w singer
	test_command 'turnutils_uclient, her password in another realm' \
		refuses -u carol -w dancer
	test_command 'turnutils_uclient, the realm that ORIGIN leads to' \
		admits -u carol -w dancer -o https://elsewhere.example
	test_command 'turnutils_uclient, a user of the file beside them' \
		admits -u alice -w wonder
	administer -a -u dave -r interop -p later
	test_command 'turnutils_uclient, a user added while the server runs' \
		admits -u dave -w later
	administer -a -u carol -r interop -p changed
	test_command 'turnutils_uclient, a password changed meanwhile' \
		admits -u carol -w changed
	administer -d -u dave -r interop
	test_command 'turnutils_uclient, a user deleted meanwhile' \
		refuses -u dave -w later
	stop_server

	administer -s 'a secret' -r interop
	start_server --userdb="$tmp/turndb" --use-auth-secret --lt-cred-mech
	test_command 'turnutils_uclient, a secret of the database' \
		admits -u erin -W 'a secret'
	administer -s 'the next secret' -r interop
	test_command 'turnutils_uclient, a secret added meanwhile' \
		admits -u erin -W 'the next secret'
	administer -X 'a secret' -r interop
	test_command 'turnutils_uclient, a secret deleted meanwhile' \
		refuses -u erin -W 'a secret'
	stop_server
}

# The keys that turnutils_uclient makes its tokens with, now of one and then of another.
keys_of_uclient() {
	python3 - "$tmp/oauthdb" <<-'END'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		db.executescript(open('/usr/share/coturn/schema.sql').read())
		db.executemany('INSERT INTO oauth_key VALUES (?, ?, 0, 0, ?, "")', [
		    ('north', 'MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEK', 'A256GCM'),
		    ('union', 'MTIzNDU2Nzg5MDEyMzQ1Ngo=', 'A128GCM'),
		    ('oldempire', 'MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIK', 'A256GCM')])
		db.commit()
	END
}

users_with_tokens() {
	rm -f "$tmp/oauthdb"
	keys_of_uclient
	start_server --oauth --server-name=blackdow.carleon.gov --userdb="$tmp/oauthdb"
	test_command 'turnutils_uclient, tokens of an authorization server' \
		uclient -J -n 20 -m 2 -l 170 "$address"
	test_command 'turnutils_uclient, a user of the file beside them' \
		uclient -n 20 -m 2 -l 170 -u alice -w wonder "$address"
	stop_server
	start_server --userdb="$tmp/oauthdb"
	test_command 'turnutils_uclient, tokens where none are taken' \
		refuses_uclient -J -n 2 -m 2 -l 170 "$address"
	stop_server
}

few_refusals() {
	start_server --relay-threads=1 --unauthorized-ratelimit-rps=5
	wire_tests refusals
	stop_server
}

users_from_elsewhere() {
	made_up_users
	users_of_a_database
	users_with_tokens
	few_refusals
}
