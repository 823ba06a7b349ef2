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
#include "worker.h"

#define NAME	"state"
#define MAGIC	"kturnd\r\n"
#define SEALS	(F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

/* The file: this, as much of struct state as its version has, and a SHA-256 of both. */
struct header {
	char magic[8];
	uint32_t version;
	uint32_t size;
	char boot[STATE_BOOT_LEN + 3];
};

#define DIGEST_LEN 32

struct file {
	struct header header;
	uint8_t rest[sizeof(struct state) + DIGEST_LEN];
};

/* By version. */
static const size_t state_sizes[] = {
	[1] = offsetof(struct state, since),
	[2] = sizeof(struct state),
};

_Static_assert(sizeof(MAGIC) - 1 == sizeof(((struct header *)NULL)->magic), "magic");
_Static_assert(sizeof(struct header) == 56, "no padding, and never another one");
_Static_assert(offsetof(struct state, since) == 112 && sizeof(struct state) == 120,
	       "no padding, and a new version for what is added");

static bool is_known(uint32_t version)
{
	return version && version <= STATE_VERSION;
}

/* Up to the digest. */
static size_t length(uint32_t version)
{
	return sizeof(struct header) + state_sizes[version];
}

static size_t file_size(uint32_t version)
{
	return length(version) + DIGEST_LEN;
}

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

static int digest(const struct file *file, uint8_t sum[DIGEST_LEN])
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, file, length(file->header.version), sum)
	       ? -EIO : 0;
}

static int write_sealed(int fd, const struct file *file)
{
	const ssize_t size = file->header.size;
	ssize_t n = write(fd, file, size);

	if (n != size)
		return n < 0 ? -errno : -EIO;
	return fcntl(fd, F_ADD_SEALS, SEALS) ? -errno : 0;
}

int state_write(const struct state *state, const char boot[STATE_BOOT_LEN])
{
	struct file file = { .header = { .version = STATE_VERSION,
					 .size = file_size(STATE_VERSION) } };
	int fd, err;

	memcpy(file.header.magic, MAGIC, sizeof(file.header.magic));
	memcpy(file.header.boot, boot, STATE_BOOT_LEN);
	memcpy(file.rest, state, state_sizes[STATE_VERSION]);
	err = digest(&file, file.rest + state_sizes[STATE_VERSION]);
	fd = err ? err : memfd_create("kturnd-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (!err && fd < 0)
		err = -errno;
	if (!err)
		err = write_sealed(fd, &file);
	gnutls_memset(&file, 0, sizeof(file));
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static const char *check(const struct file *file, ssize_t n, const char boot[STATE_BOOT_LEN])
{
	const struct header *header = &file->header;
	uint8_t sum[DIGEST_LEN];

	if (n < (ssize_t)offsetof(struct header, size) ||
	    memcmp(header->magic, MAGIC, sizeof(header->magic)))
		return "not a state";
	if (!is_known(header->version))
		return "another version";
	if (n != (ssize_t)file_size(header->version) || header->size != n)
		return "another size";
	if (digest(file, sum) ||
	    gnutls_memcmp(sum, file->rest + state_sizes[header->version], sizeof(sum)))
		return "bad checksum";
	return memcmp(header->boot, boot, STATE_BOOT_LEN) ? "another boot" : NULL;
}

const char *state_read(int fd, const char boot[STATE_BOOT_LEN], struct state *state)
{
	/* A longer one shows. */
	struct { struct file file; char more; } room = { .more = 0 };
	ssize_t n = pread(fd, &room, sizeof(room), 0);
	const char *refused = check(&room.file, n, boot);

	if (!refused) {
		*state = (struct state){ .since = 0 };
		memcpy(state, room.file.rest, state_sizes[room.file.header.version]);
	}
	gnutls_memset(&room, 0, sizeof(room));
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
				 .workers = config->relay_threads,
				 .since = worker_now() };
	if (gnutls_rnd(GNUTLS_RND_NONCE, &state->shares, sizeof(state->shares)))
		return -EIO;
	return ticket_key_make(&state->ticket_key);
}

bool state_inherit(struct state *state)
{
	char boot[STATE_BOOT_LEN];

	return !state_boot(boot) && take(state, boot);
}

void state_leave(const struct state *state)
{
	char boot[STATE_BOOT_LEN];
	int fd = state_boot(boot);

	if (!fd)
		fd = state_write(state, boot);
	if (fd < 0) {
		log_warning("descriptor not kept", "name=%s error=\"%s\"", NAME, strerror(-fd));
		return;
	}
	kept_give(NAME, fd);
	close(fd);
}
