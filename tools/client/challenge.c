// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "challenge.h"
#include "nonce.h"

static bool copy_text(char *text, const struct stun_message *msg, uint16_t type,
		      struct stun_attr *attr)
{
	if (!stun_find(msg, type, attr) || attr->len > STUN_STRING_MAX)
		return false;
	memcpy(text, attr->value, attr->len);
	text[attr->len] = '\0';
	return true;
}

/* The nonce cookie tells what has to be there (9.2.5), against bidding down. */
static int take_features(struct challenge *challenge, const struct stun_message *msg,
			 const struct stun_attr *nonce)
{
	struct stun_attr list;

	challenge->list_len = 0;
	challenge->algorithm = CREDENTIAL_MD5;
	challenge->anonymous = !challenge->rfc5389 && nonce_has(nonce, NONCE_ANONYMITY);
	if (challenge->rfc5389 || !nonce_has(nonce, NONCE_ALGORITHMS))
		return 0;
	if (!stun_find(msg, STUN_ATTR_PASSWORD_ALGORITHMS, &list) ||
	    list.len > CHALLENGE_LIST_MAX)
		return -EBADMSG;
	memcpy(challenge->list, list.value, list.len);
	challenge->list_len = list.len;
	challenge->algorithm = credential_choose(&list);
	return challenge->algorithm ? 0 : -EPROTONOSUPPORT;
}

int challenge_take(struct challenge *challenge, const struct stun_message *msg,
		   const char *user, const char *password)
{
	struct stun_attr realm, nonce;
	int err;

	if (!copy_text(challenge->realm, msg, STUN_ATTR_REALM, &realm) ||
	    !copy_text(challenge->nonce, msg, STUN_ATTR_NONCE, &nonce))
		return -EBADMSG;
	err = take_features(challenge, msg, &nonce);
	if (err)
		return err;
	challenge->made = true;
	return challenge_set_user(challenge, user, password);
}

int challenge_set_user(struct challenge *challenge, const char *user, const char *password)
{
	return credential_key(&challenge->key, challenge->algorithm, user, challenge->realm,
			      password);
}

static void add_user(const struct challenge *challenge, const char *user,
		     struct stun_builder *b)
{
	uint8_t userhash[STUN_USERHASH_LEN];

	if (!challenge->anonymous) {
		stun_add_string(b, STUN_ATTR_USERNAME, user);
		return;
	}
	if (credential_userhash(userhash, user, strlen(user), challenge->realm,
				strlen(challenge->realm)))
		b->overflow = true;
	stun_add(b, STUN_ATTR_USERHASH, userhash, sizeof(userhash));
}

void challenge_answer(const struct challenge *challenge, const char *user,
		      struct stun_builder *b)
{
	const uint8_t algorithm[4] = { 0, challenge->algorithm, 0, 0 };
	const struct credential_key *key = &challenge->key;

	add_user(challenge, user, b);
	stun_add_string(b, STUN_ATTR_REALM, challenge->realm);
	stun_add_string(b, STUN_ATTR_NONCE, challenge->nonce);
	if (!challenge->list_len) {
		stun_add_integrity(b, key->bytes, key->len);
		return;
	}
	stun_add(b, STUN_ATTR_PASSWORD_ALGORITHMS, challenge->list, challenge->list_len);
	stun_add(b, STUN_ATTR_PASSWORD_ALGORITHM, algorithm, sizeof(algorithm));
	stun_add_integrity_sha256(b, key->bytes, key->len);
}

bool challenge_verify(const struct challenge *challenge, const struct stun_message *msg)
{
	if (challenge->list_len && !msg->integrity_sha256)
		return false;
	return stun_check_integrity(msg, challenge->key.bytes, challenge->key.len);
}
