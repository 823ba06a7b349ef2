/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the server does at this moment, over HTTP, for Prometheus and for load balancers:
 * prometheus-path has all numbers, /health whether it serves. Main thread only, so a
 * scrape costs the workers nothing.
 */
#ifndef KTURN_METRICS_H
#define KTURN_METRICS_H

struct evbuffer;
struct metrics;
struct server;

/**
 * metrics_open() - listen on prometheus-address and prometheus-port
 * @metrics: gets NULL without "prometheus" in the configuration
 *
 * Says in the log what went wrong.
 *
 * Return: 0 or a negative errno.
 */
int metrics_open(struct metrics **metrics, const struct server *server);

/**
 * metrics_close() - end it; NULL is fine
 */
void metrics_close(struct metrics *metrics);

/**
 * metrics_write() - all numbers in Prometheus' text format, version 0.0.4
 */
void metrics_write(struct evbuffer *out, const struct server *server);

#endif
