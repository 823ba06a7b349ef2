/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the service manager is told, if there is one: that the server is ready, that
 * it stops, and again and again that it is alive (sd_notify(3), Type=notify).
 */
#ifndef KTURN_SERVICE_H
#define KTURN_SERVICE_H

#include <stdbool.h>

struct event;
struct event_base;

/**
 * typedef service_alive_fn - whether all that should turn does
 */
typedef bool (*service_alive_fn)(void *arg);

/**
 * struct service - its members are service.c's own; all zero is a valid start
 */
struct service {
	struct event *watchdog;
	service_alive_fn alive;
	void *arg;
};

/**
 * service_is_watched() - whether a watchdog wants to hear of us
 */
bool service_is_watched(void);

/**
 * service_ready() - the server serves
 * @alive: asked on @base as often as the watchdog wants to hear of us; as soon as it
 *	says no, the watchdog hears nothing more
 *
 * Return: 0, also if there is nobody to tell; or -ENOMEM.
 */
int service_ready(struct service *service, struct event_base *base, service_alive_fn alive,
		  void *arg);

/**
 * service_stopping() - the server has begun to end
 */
void service_stopping(void);

/**
 * service_has_manager() - whether there is somebody to tell
 */
bool service_has_manager(void);

/**
 * service_store() - have a copy of a descriptor kept for the process after this one
 * @name: without colons, shorter than KEPT_NAME_LEN; one that has it already goes
 *
 * Return: 0, also if there is nobody to keep it; or a negative errno.
 */
int service_store(const char *name, int fd);

/**
 * service_forget() - have what is kept by a name closed
 *
 * Return: 0, also if there is nobody who keeps anything; or a negative errno.
 */
int service_forget(const char *name);

/**
 * service_barrier() - wait until the manager has done what it was told, for a while
 */
void service_barrier(void);

/**
 * service_close() - end the watchdog's timer
 */
void service_close(struct service *service);

#endif
