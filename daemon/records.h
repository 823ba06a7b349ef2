/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records of a worker's allocations, in a memory file that outlives the process: an
 * LMDB database. Each change of it is whole or has not been, at whatever instruction the
 * process dies. Only its worker writes it, so nobody waits; no disk is ever touched.
 */
#ifndef KTURN_RECORDS_H
#define KTURN_RECORDS_H

#include <stddef.h>
#include <stdint.h>

struct records;

/**
 * typedef record_fn - look at a record
 * @data: aligned as of malloc(); the caller's
 *
 * Return: 0; or -1 to have it deleted.
 */
typedef int (*record_fn)(uint64_t id, const void *data, size_t len, void *arg);

/**
 * records_file() - make a memory file for them
 *
 * Return: the descriptor or a negative errno.
 */
int records_file(void);

/**
 * records_open() - open the records in a file
 * @fd: of records_file(), of this process or one before; stays the caller's, who may close it
 *
 * Return: 0 or a negative errno: -EINVAL if that is something else.
 */
int records_open(struct records **records, int fd);

/**
 * records_room() - where a record can be put together
 *
 * Return: so many bytes, all zero, until the next call; or NULL without memory.
 */
void *records_room(struct records *records, size_t len);

/**
 * records_put() - write a record, or the new one of an old one
 * @data: not 0 bytes of them
 *
 * Return: 0, or a negative errno: then the old one is still there, if there was one.
 */
int records_put(struct records *records, uint64_t id, const void *data, size_t len);

/**
 * records_delete() - delete one, if it is there
 *
 * Return: 0 or a negative errno.
 */
int records_delete(struct records *records, uint64_t id);

/**
 * records_each() - look at all of them, in the order of their ids
 *
 * Return: 0 or a negative errno.
 */
int records_each(struct records *records, record_fn fn, void *arg);

/**
 * records_close() - close them; what is written stays in the file. NULL is nothing
 */
void records_close(struct records *records);

#endif
