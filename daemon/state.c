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

#include "kept.h"
#include "log.h"
#include "state.h"

#define NAME	"state"
#define MAGIC	"kturnd\r\n"
#define SEALS	(F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

/* The file. A new version when anything of it changes, but the first two members never do. */
struct record {
	char magic[8];
	uint32_t version;
	uint32_t size;
	char boot[STATE_BOOT_LEN + 3];
	struct nonce_key nonce_key;
	uint8_t digest[32];	/* SHA-256 of all before it */
};

_Static_assert(sizeof(MAGIC) - 1 == sizeof(((struct record *)NULL)->magic), "magic");
_Static_assert(sizeof(struct record) == 120, "no padding, and a new version if it grows");

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

static int digest(const struct record *record, uint8_t sum[32])
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, record, offsetof(struct record, digest), sum)
	       ? -EIO : 0;
}

static int write_sealed(int fd, const struct record *record)
{
	ssize_t n = write(fd, record, sizeof(*record));

	if (n != sizeof(*record))
		return n < 0 ? -errno : -EIO;
	return fcntl(fd, F_ADD_SEALS, SEALS) ? -errno : 0;
}

int state_write(const struct state *state, const char boot[STATE_BOOT_LEN])
{
	struct record record = { .version = STATE_VERSION, .size = sizeof(record),
				 .nonce_key = state->nonce_key };
	int fd, err;

	memcpy(record.magic, MAGIC, sizeof(record.magic));
	memcpy(record.boot, boot, STATE_BOOT_LEN);
	err = digest(&record, record.digest);
	fd = err ? err : memfd_create("kturnd-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (!err && fd < 0)
		err = -errno;
	if (!err)
		err = write_sealed(fd, &record);
	gnutls_memset(&record, 0, sizeof(record));
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static const char *check(const struct record *record, ssize_t n,
			 const char boot[STATE_BOOT_LEN])
{
	uint8_t sum[32];

	if (n < (ssize_t)offsetof(struct record, size) ||
	    memcmp(record->magic, MAGIC, sizeof(record->magic)))
		return "not a state";
	if (record->version != STATE_VERSION)
		return "another version";
	if (n != sizeof(*record) || record->size != sizeof(*record))
		return "another size";
	if (digest(record, sum) || gnutls_memcmp(sum, record->digest, sizeof(sum)))
		return "bad checksum";
	return memcmp(record->boot, boot, STATE_BOOT_LEN) ? "another boot" : NULL;
}

const char *state_read(int fd, const char boot[STATE_BOOT_LEN], struct state *state)
{
	char room[sizeof(struct record) + 1] = { 0 };	/* a longer one shows */
	struct record record;
	ssize_t n = pread(fd, room, sizeof(room), 0);
	const char *refused;

	memcpy(&record, room, sizeof(record));
	refused = check(&record, n, boot);
	if (!refused)
		state->nonce_key = record.nonce_key;
	gnutls_memset(&record, 0, sizeof(record));
	gnutls_memset(room, 0, sizeof(room));
	return refused;
}

/* Return: whether there was one, and it is right. */
static bool take(struct state *state, const char boot[STATE_BOOT_LEN])
{
	const char *refused;
	int fd = kept_take(NAME);

	if (fd < 0)
		return false;
	refused = state_read(fd, boot, state);
	close(fd);
	if (refused) {
		log_warning("state refused", "reason=\"%s\"", refused);
		kept_forget(NAME);
	}
	return !refused;
}

void state_hand_down(struct state *state)
{
	char boot[STATE_BOOT_LEN];
	int fd = state_boot(boot);

	if (!fd && take(state, boot))
		return;
	if (!fd)
		fd = state_write(state, boot);
	if (fd < 0) {
		log_warning("descriptor not kept", "name=%s error=\"%s\"", NAME, strerror(-fd));
		return;
	}
	kept_give(NAME, fd);
	close(fd);
}
