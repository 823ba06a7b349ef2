// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "auth_user.h"
#include "config.h"
#include "counters.h"
#include "ephemeral.h"
#include "log.h"
#include "nonce.h"
#include "rate_limit.h"
#include "snapshot.h"
#include "user_set.h"
#include "userdb.h"

struct auth {
	const struct snapshot *snapshot;
	const struct config *config;
	struct userdb *db;
	unsigned int generation;
	struct user_set *users;
};

/* What a request says of itself. */
struct claim {
	struct stun_attr realm, nonce;
	char name[STUN_STRING_MAX + 1];	/* empty if it came as USERHASH */
	uint8_t userhash[STUN_USERHASH_LEN];
	unsigned int algorithm;
	bool names_algorithm;		/* so the client knows RFC 8489 */
};

/* Whose claim was found to be true; the strings are the set's or the claim's. */
struct signer {
	const char *realm, *name, *account;
	size_t account_len;
	bool expired;
	struct credential_key key;
	struct oauth_token token;
};

struct auth *auth_new(const struct snapshot *snapshot)
{
	struct auth *auth = calloc(1, sizeof(*auth));

	if (!auth)
		return NULL;
	auth->snapshot = snapshot;
	auth->config = snapshot->config;
	auth->db = snapshot->userdb;
	auth->users = auth->db ? userdb_get(auth->db, &auth->generation)
			       : user_set_get(auth->config->users);
	return auth;
}

void auth_free(struct auth *auth)
{
	if (!auth)
		return;
	user_set_put(auth->users);
	free(auth);
}

const char *auth_begin(struct auth *auth, const struct stun_message *msg)
{
	const char *realm = NULL;

	if (auth->db && userdb_generation(auth->db) != auth->generation) {
		user_set_put(auth->users);
		auth->users = userdb_get(auth->db, &auth->generation);
	}
	stun_for_each_attr(msg, attr)
		if (!realm && attr.type == STUN_ATTR_ORIGIN)
			realm = user_set_find_origin(auth->users, attr.value, attr.len);
	return realm ? realm : auth->config->realm;
}

static bool find_string(const struct stun_message *msg, uint16_t type, struct stun_attr *attr)
{
	return stun_find(msg, type, attr) && attr->len > 0 && attr->len <= STUN_STRING_MAX;
}

/* NULs at the end are no part of the name (9.2.2); one that has some inside is nobody's. */
static void copy_name(struct claim *claim, struct stun_attr *attr)
{
	while (attr->len && !attr->value[attr->len - 1])
		attr->len--;
	if (memchr(attr->value, 0, attr->len))
		return;
	memcpy(claim->name, attr->value, attr->len);
	claim->name[attr->len] = '\0';
}

/* USERNAME and REALM give what USERHASH would be. */
static bool read_name(const struct stun_message *msg, struct claim *claim)
{
	struct stun_attr attr;

	claim->name[0] = '\0';
	if (find_string(msg, STUN_ATTR_USERNAME, &attr)) {
		copy_name(claim, &attr);
		return !credential_userhash(claim->userhash, attr.value, attr.len,
					    claim->realm.value, claim->realm.len);
	}
	if (!stun_find(msg, STUN_ATTR_USERHASH, &attr) || attr.len != sizeof(claim->userhash))
		return false;
	memcpy(claim->userhash, attr.value, sizeof(claim->userhash));
	return true;
}

static bool read_claim(const struct stun_message *msg, struct claim *claim)
{
	return find_string(msg, STUN_ATTR_REALM, &claim->realm) &&
	       find_string(msg, STUN_ATTR_NONCE, &claim->nonce) && read_name(msg, claim);
}

/*
 * Whether the list that came back is the one that went out. Of a nonce that cannot
 * be ours nobody knows; it will be refused, but with a new one.
 */
static bool is_our_list(const struct stun_attr *list, const struct stun_attr *nonce)
{
	unsigned int offered = nonce_algorithms(nonce);
	uint8_t bytes[CREDENTIAL_LIST_MAX];
	size_t len = credential_list(bytes, offered);

	return !offered || (list->len == len && !memcmp(list->value, bytes, len));
}

static bool is_listed(const struct stun_attr *list, unsigned int algorithm)
{
	for (size_t at = 0; at + 4 <= list->len; at += 4)
		if (!list->value[at] && list->value[at + 1] == algorithm)
			return true;
	return false;
}

/* The third check of 9.2.4, against bidding down. */
static bool choose_algorithm(const struct stun_message *msg, struct claim *claim)
{
	struct stun_attr one, list;
	bool has_one = stun_find(msg, STUN_ATTR_PASSWORD_ALGORITHM, &one);
	bool has_list = stun_find(msg, STUN_ATTR_PASSWORD_ALGORITHMS, &list);
	unsigned int chosen = has_one ? credential_choose(&one) : 0;

	claim->names_algorithm = has_one || has_list;
	claim->algorithm = chosen ? chosen : CREDENTIAL_MD5;
	if (!claim->names_algorithm || !nonce_has(&claim->nonce, NONCE_ALGORITHMS))
		return true;
	return has_list && chosen && is_our_list(&list, &claim->nonce) &&
	       is_listed(&list, chosen);
}

/* Who is unknown, or has no such key, costs the same time as a wrong password. */
static bool find_listed(const struct auth *auth, const struct stun_message *msg,
			const struct claim *claim, struct signer *signer)
{
	static const struct credential_key nobodys = { .len = CREDENTIAL_KEY_MAX };
	const struct user_entry *entry = user_set_find(auth->users, claim->userhash);
	const struct credential_key *key = &nobodys;

	if (entry)
		key = user_keys_get(&entry->keys, claim->algorithm);
	if (!key->len)
		key = &nobodys;
	if (!stun_check_integrity(msg, key->bytes, key->len) || key == &nobodys)
		return false;
	*signer = (struct signer){
		.realm = entry->realm,
		.name = entry->name,
		.account = entry->name,
		.account_len = strlen(entry->name),
		.key = *key,
	};
	return true;
}

static bool find_ephemeral(const struct auth *auth, const struct stun_message *msg,
			   const struct claim *claim, time_t now, struct signer *signer)
{
	const struct user_secret *secret = NULL;
	struct ephemeral ephemeral;

	signer->realm = user_set_find_realm(auth->users, claim->realm.value, claim->realm.len);
	if (!signer->realm ||
	    !ephemeral_parse(&ephemeral, claim->name, auth->config->rest_separator))
		return false;
	signer->name = claim->name;
	signer->account = ephemeral.account;
	signer->account_len = ephemeral.account_len;
	signer->expired = ephemeral.expiry < now;
	for (unsigned int i = 0; i < AUTH_SECRETS_MAX; i++) {
		secret = user_set_secret(auth->users, signer->realm, secret);
		if (!secret || ephemeral_key(&signer->key, claim->algorithm, claim->name,
					     signer->realm, secret->value))
			return false;
		if (stun_check_integrity(msg, signer->key.bytes, signer->key.len))
			return true;
	}
	return false;
}

/*
 * coturn's client signs with the first 16 bytes of a session key, however long that is:
 * what MD5 makes of a password has no more. Who has these has had the key, so be it.
 */
static bool is_signed(const struct stun_message *msg, struct credential_key *key)
{
	const size_t coturns_len = credential_key_len(CREDENTIAL_MD5);

	if (stun_check_integrity(msg, key->bytes, key->len))
		return true;
	if (msg->integrity_sha256 || key->len <= coturns_len)
		return false;
	key->len = coturns_len;
	return stun_check_integrity(msg, key->bytes, key->len);
}

/* RFC 7635, section 7: the key's name is in USERNAME, what signs the request in the token. */
static bool find_token(const struct auth *auth, const struct stun_message *msg,
		       const struct stun_attr *sealed, const struct claim *claim, time_t now,
		       struct signer *signer)
{
	const struct oauth_key *key = NULL;
	const char *realm = user_set_find_realm(auth->users, claim->realm.value,
						claim->realm.len);
	struct oauth_token *token = &signer->token;

	if (realm)
		key = user_set_oauth_key(auth->users, realm, claim->name);
	if (!key || !oauth_token_open(token, key, auth->config->server_name, sealed->value,
				      sealed->len, now) ||
	    !is_signed(msg, &token->key))
		return false;
	signer->realm = realm;
	signer->name = signer->account = claim->name;
	signer->account_len = strlen(claim->name);
	signer->key = token->key;
	return true;
}

/* Whether who has come with a token goes on without it. */
static bool is_holders(const struct auth_user *holder, const struct stun_message *msg,
		       const struct claim *claim, time_t now)
{
	const char *realm;

	if (!holder || !auth_user_has_token(holder) || now >= holder->token.ends ||
	    stun_find(msg, STUN_ATTR_ACCESS_TOKEN, NULL))
		return false;
	realm = auth_user_realm(holder);
	return strlen(realm) == claim->realm.len &&
	       !memcmp(realm, claim->realm.value, claim->realm.len) &&
	       stun_check_integrity(msg, holder->token.key.bytes, holder->token.key.len);
}

static bool find_signer(const struct auth *auth, const struct stun_message *msg,
			const struct claim *claim, time_t now, struct signer *signer)
{
	struct stun_attr sealed;

	if (auth_takes_tokens(auth) && stun_find(msg, STUN_ATTR_ACCESS_TOKEN, &sealed))
		return find_token(auth, msg, &sealed, claim, now, signer);
	return find_listed(auth, msg, claim, signer) ||
	       find_ephemeral(auth, msg, claim, now, signer);
}

static struct auth_user *new_user(const struct signer *signer)
{
	struct auth_user *user = auth_user_new(signer->realm, signer->name, signer->account,
					       signer->account_len);

	if (user) {
		user->expired = signer->expired;
		user->token = signer->token;
	}
	return user;
}

static unsigned int refuse(enum counter why, unsigned int code)
{
	count(why);
	return code;
}

unsigned int auth_check(struct auth *auth, const struct stun_message *msg,
			const union addr *client, time_t now, struct auth_user *holder,
			struct auth_user **user, struct auth_signature *signature)
{
	const struct config *config = auth->config;
	struct signer signer = { 0 };
	struct claim claim;

	*user = NULL;
	signature->key.len = 0;
	if (!msg->integrity && !msg->integrity_sha256)
		return refuse(COUNT_CHALLENGES, 401);
	if (!read_claim(msg, &claim) || !choose_algorithm(msg, &claim))
		return refuse(COUNT_AUTH_MALFORMED, 400);
	if (is_holders(holder, msg, &claim, now)) {
		signer.key = holder->token.key;
		*user = auth_user_get(holder);
	} else if (find_signer(auth, msg, &claim, now, &signer)) {
		*user = new_user(&signer);
	} else {
		return user_set_is_incomplete(auth->users)
			? 500 : refuse(COUNT_AUTH_CREDENTIALS, 401);
	}
	if (!*user)
		return 500;
	signature->key = signer.key;
	/* No password is behind a token's key, so of these ways none was chosen. */
	signature->sha256 = auth_user_has_token(*user) ? msg->integrity_sha256
						       : claim.names_algorithm;
	if (nonce_is_valid(&claim.nonce, &config->nonce_key, client, now, config->stale_nonce))
		return 0;
	return refuse(COUNT_AUTH_STALE_NONCE, 438);
}

bool auth_takes_tokens(const struct auth *auth)
{
	return auth && auth->config->oauth;
}

bool auth_may_refuse(struct auth *auth, const union addr *client, bool real)
{
	const struct snapshot *snapshot = auth->snapshot;
	struct rate_limit *refusals = real ? snapshot->stream_refusals
					   : snapshot->datagram_refusals;
	struct timespec now;

	if (!refusals)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return rate_limit_take(refusals, client,
			       now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000);
}

void auth_challenge(struct auth *auth, struct stun_builder *b, const char *realm,
		    const union addr *client, time_t now)
{
	const struct config *config = auth->config;
	const struct nonce_offer offer = {
		.algorithms = user_set_algorithms(auth->users, realm),
		/* Nobody can tell a name that is not on any list from its hash. */
		.anonymity = !config->oauth && !user_set_secret(auth->users, realm, NULL),
	};
	uint8_t list[CREDENTIAL_LIST_MAX];
	char nonce[NONCE_LEN + 1];

	if (nonce_make(nonce, &config->nonce_key, &offer, client, now)) {
		log_error("no randomness", "for=nonce");
		return;
	}
	stun_add_string(b, STUN_ATTR_NONCE, nonce);
	stun_add_string(b, STUN_ATTR_REALM, realm);
	stun_add(b, STUN_ATTR_PASSWORD_ALGORITHMS, list,
		 credential_list(list, offer.algorithms));
	if (config->oauth)
		stun_add_string(b, STUN_ATTR_THIRD_PARTY_AUTHORIZATION, config->server_name);
}

void auth_sign(const struct auth_signature *signature, struct stun_builder *b)
{
	const struct credential_key *key = &signature->key;

	if (!key->len)
		return;
	if (signature->sha256)
		stun_add_integrity_sha256(b, key->bytes, key->len);
	else
		stun_add_integrity(b, key->bytes, key->len);
}
