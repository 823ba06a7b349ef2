// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "records.h"

/* Of addresses, not of memory: the file is as long as what was once in it. */
#define MAP_SIZE ((size_t)1 << (sizeof(size_t) > 4 ? 32 : 28))

/* One process has it, and of that one thread; and there is no disk to wait for. */
#define ENV_FLAGS (MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC | MDB_NOMETASYNC | MDB_NORDAHEAD)

struct records {
	MDB_env *env;
	MDB_dbi dbi;
	void *room;
	size_t size;
};

/* LMDB's own errors are negative, those of the system are not. */
static int error_of(int err)
{
	switch (err) {
	case MDB_MAP_FULL:
		return -ENOSPC;
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
		return -EINVAL;
	default:
		return err < 0 ? -EIO : -err;
	}
}

int records_file(void)
{
	int fd = memfd_create("kturnd-records", MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_env(MDB_env *env, int fd)
{
	char path[32];
	int err = mdb_env_set_mapsize(env, MAP_SIZE);

	/* It opens the file by itself, which a memory file has a way for. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return err ? err : mdb_env_open(env, path, ENV_FLAGS, 0600);
}

/* Of what is beyond the end of a file that was cut short we would die, while reading it. */
static int check_length(MDB_env *env, int fd)
{
	MDB_envinfo info;
	struct stat file;
	MDB_stat stat;
	int err = mdb_env_info(env, &info);

	if (!err)
		err = mdb_env_stat(env, &stat);
	if (err)
		return err;
	if (fstat(fd, &file))
		return errno;
	return (size_t)file.st_size / stat.ms_psize > info.me_last_pgno ? 0 : MDB_CORRUPTED;
}

static int open_table(struct records *records)
{
	MDB_txn *txn;
	int err = mdb_txn_begin(records->env, NULL, 0, &txn);

	if (err)
		return err;
	err = mdb_dbi_open(txn, NULL, 0, &records->dbi);
	if (!err)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return err;
}

int records_open(struct records **out, int fd)
{
	struct records *records = calloc(1, sizeof(*records));
	int err = records ? mdb_env_create(&records->env) : ENOMEM;

	if (!err)
		err = open_env(records->env, fd);
	if (!err)
		err = check_length(records->env, fd);
	if (!err)
		err = open_table(records);
	if (err) {
		records_close(records);
		return error_of(err);
	}
	*out = records;
	return 0;
}

void *records_room(struct records *records, size_t len)
{
	if (len > records->size) {
		void *room = realloc(records->room, len);

		if (!room)
			return NULL;
		records->room = room;
		records->size = len;
	}
	return memset(records->room, 0, len);
}

/* The order of its bytes is that of its numbers. */
static MDB_val key_of(uint64_t id, uint8_t key[8])
{
	for (int i = 8; i; id >>= 8)
		key[--i] = id;
	return (MDB_val){ 8, key };
}

static uint64_t id_of(const MDB_val *key)
{
	const uint8_t *bytes = key->mv_data;
	uint64_t id = 0;

	for (size_t i = 0; i < key->mv_size; i++)
		id = id << 8 | bytes[i];
	return id;
}

static int end(MDB_txn *txn, int err)
{
	if (!err)
		return error_of(mdb_txn_commit(txn));
	mdb_txn_abort(txn);
	return error_of(err);
}

int records_put(struct records *records, uint64_t id, const void *data, size_t len)
{
	MDB_val value = { len, (void *)data }, key;
	uint8_t bytes[8];
	MDB_txn *txn;
	int err = mdb_txn_begin(records->env, NULL, 0, &txn);

	if (err)
		return error_of(err);
	key = key_of(id, bytes);
	return end(txn, mdb_put(txn, records->dbi, &key, &value, 0));
}

int records_delete(struct records *records, uint64_t id)
{
	uint8_t bytes[8];
	MDB_val key;
	MDB_txn *txn;
	int err = mdb_txn_begin(records->env, NULL, 0, &txn);

	if (err)
		return error_of(err);
	key = key_of(id, bytes);
	err = mdb_del(txn, records->dbi, &key, NULL);
	return end(txn, err == MDB_NOTFOUND ? 0 : err);
}

/* LMDB aligns nothing, and @fn may not see what it does change. */
static int look_at(struct records *records, MDB_cursor *cursor, const MDB_val *key,
		   const MDB_val *value, record_fn fn, void *arg)
{
	void *data = records_room(records, value->mv_size);

	if (!data)
		return ENOMEM;
	memcpy(data, value->mv_data, value->mv_size);
	return fn(id_of(key), data, value->mv_size, arg) ? mdb_cursor_del(cursor, 0) : 0;
}

static int walk(struct records *records, MDB_txn *txn, record_fn fn, void *arg)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int err = mdb_cursor_open(txn, records->dbi, &cursor);

	if (err)
		return err;
	while (!err && !(err = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)))
		err = look_at(records, cursor, &key, &value, fn, arg);
	mdb_cursor_close(cursor);
	return err == MDB_NOTFOUND ? 0 : err;
}

int records_each(struct records *records, record_fn fn, void *arg)
{
	MDB_txn *txn;
	int err = mdb_txn_begin(records->env, NULL, 0, &txn);

	return err ? error_of(err) : end(txn, walk(records, txn, fn, arg));
}

void records_close(struct records *records)
{
	if (!records)
		return;
	if (records->env)
		mdb_env_close(records->env);
	free(records->room);
	free(records);
}
