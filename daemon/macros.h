/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTURN_MACROS_H
#define KTURN_MACROS_H

#include <stddef.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* The structure that @ptr, a pointer to its @member, is embedded in. */
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#endif
