/* SPDX-License-Identifier: GPL-2.0-only */
/* What Prometheus expects of every process, under the names that it has for that. */
#ifndef KTURN_METRICS_PROCESS_H
#define KTURN_METRICS_PROCESS_H

struct evbuffer;

/**
 * metrics_write_process() - memory, descriptors, processor time, and since when
 *
 * What /proc does not tell is left out.
 */
void metrics_write_process(struct evbuffer *out);

#endif
