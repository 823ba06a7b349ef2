// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attempts.h"
#include "config.h"
#include "kept.h"
#include "log.h"
#include "state.h"

#define NAME	"state"
#define MAGIC	"kturnd\r\n"
#define SEALS	(F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

/* The file. A new version when anything of it changes, but the first two members never do. */
struct sealed {
	char magic[8];
	uint32_t version;
	uint32_t size;
	char boot[STATE_BOOT_LEN + 3];
	struct state state;
	uint8_t digest[32];	/* SHA-256 of all before it */
};

_Static_assert(sizeof(MAGIC) - 1 == sizeof(((struct sealed *)NULL)->magic), "magic");
_Static_assert(sizeof(struct sealed) == 200, "no padding, and a new version if it grows");

int state_boot(char boot[STATE_BOOT_LEN])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, boot, STATE_BOOT_LEN - 1);
	close(fd);
	boot[STATE_BOOT_LEN - 1] = '\0';
	return n == STATE_BOOT_LEN - 1 ? 0 : -EIO;
}

static int digest(const struct sealed *sealed, uint8_t sum[32])
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, sealed, offsetof(struct sealed, digest), sum)
	       ? -EIO : 0;
}

static int write_sealed(int fd, const struct sealed *sealed)
{
	ssize_t n = write(fd, sealed, sizeof(*sealed));

	if (n != sizeof(*sealed))
		return n < 0 ? -errno : -EIO;
	return fcntl(fd, F_ADD_SEALS, SEALS) ? -errno : 0;
}

int state_write(const struct state *state, const char boot[STATE_BOOT_LEN])
{
	struct sealed sealed = { .version = STATE_VERSION, .size = sizeof(sealed),
				 .state = *state };
	int fd, err;

	memcpy(sealed.magic, MAGIC, sizeof(sealed.magic));
	memcpy(sealed.boot, boot, STATE_BOOT_LEN);
	err = digest(&sealed, sealed.digest);
	fd = err ? err : memfd_create("kturnd-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (!err && fd < 0)
		err = -errno;
	if (!err)
		err = write_sealed(fd, &sealed);
	gnutls_memset(&sealed, 0, sizeof(sealed));
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static const char *check(const struct sealed *sealed, ssize_t n,
			 const char boot[STATE_BOOT_LEN])
{
	uint8_t sum[32];

	if (n < (ssize_t)offsetof(struct sealed, size) ||
	    memcmp(sealed->magic, MAGIC, sizeof(sealed->magic)))
		return "not a state";
	if (sealed->version != STATE_VERSION)
		return "another version";
	if (n != sizeof(*sealed) || sealed->size != sizeof(*sealed))
		return "another size";
	if (digest(sealed, sum) || gnutls_memcmp(sum, sealed->digest, sizeof(sum)))
		return "bad checksum";
	return memcmp(sealed->boot, boot, STATE_BOOT_LEN) ? "another boot" : NULL;
}

const char *state_read(int fd, const char boot[STATE_BOOT_LEN], struct state *state)
{
	char room[sizeof(struct sealed) + 1] = { 0 };	/* a longer one shows */
	struct sealed sealed;
	ssize_t n = pread(fd, room, sizeof(room), 0);
	const char *refused;

	memcpy(&sealed, room, sizeof(sealed));
	refused = check(&sealed, n, boot);
	if (!refused)
		*state = sealed.state;
	gnutls_memset(&sealed, 0, sizeof(sealed));
	gnutls_memset(room, 0, sizeof(room));
	return refused;
}

static const char *read_and_compare(int fd, const char boot[STATE_BOOT_LEN],
				    struct state *state)
{
	struct state old;
	const char *refused = state_read(fd, boot, &old);

	/* It may be what it says that they died of. */
	if (attempts_begin() >= ATTEMPTS_MAX)
		refused = "too many have died before they served";
	if (!refused && old.workers != state->workers)
		refused = "another number of relay-threads";
	if (!refused)
		*state = old;
	gnutls_memset(&old, 0, sizeof(old));
	return refused;
}

/* Return: whether there was one, and it is right. */
static bool take(struct state *state, const char boot[STATE_BOOT_LEN])
{
	const char *refused;
	int fd = kept_take(NAME);

	if (fd < 0)
		return false;
	refused = read_and_compare(fd, boot, state);
	close(fd);
	if (refused) {
		log_warning("state refused", "reason=\"%s\"", refused);
		kept_forget(NAME);
	}
	return !refused;
}

int state_make(struct state *state, const struct config *config)
{
	*state = (struct state){ .nonce_key = config->nonce_key,
				 .workers = config->relay_threads };
	if (gnutls_rnd(GNUTLS_RND_NONCE, &state->shares, sizeof(state->shares)))
		return -EIO;
	return ticket_key_make(&state->ticket_key);
}

bool state_hand_down(struct state *state)
{
	char boot[STATE_BOOT_LEN];
	int fd = state_boot(boot);

	if (!fd && take(state, boot))
		return true;
	if (!fd)
		fd = state_write(state, boot);
	if (fd < 0) {
		log_warning("descriptor not kept", "name=%s error=\"%s\"", NAME, strerror(-fd));
		return false;
	}
	kept_give(NAME, fd);
	close(fd);
	return false;
}
