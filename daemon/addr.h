/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A transport address (RFC 8656, section 2): an IP address and a port.
 */
#ifndef KTURN_ADDR_H
#define KTURN_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>

union addr {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

#define ADDR_STR_LEN (INET6_ADDRSTRLEN + sizeof("[]:65535"))

/**
 * addr_parse() - read an IPv4 or IPv6 literal; the port becomes 0
 *
 * Return: 0, or -EINVAL if @text is neither.
 */
int addr_parse(union addr *addr, const char *text);

/**
 * addr_parse_endpoint() - read an address and perhaps a port: "192.0.2.1:3480",
 * "[2001:db8::1]:3480", or either without the port
 * @text: of which @len characters count
 * @port: the one to take if there is none; 0 if there has to be one
 *
 * Return: 0 or -EINVAL.
 */
int addr_parse_endpoint(union addr *addr, const char *text, size_t len, uint16_t port);

/**
 * addr_from_sockaddr() - copy what accept() and its kin return
 *
 * Return: 0, or -EAFNOSUPPORT for anything but IPv4 and IPv6.
 */
int addr_from_sockaddr(union addr *addr, const struct sockaddr *sa);

/**
 * addr_len() - the length that bind() and connect() want
 */
socklen_t addr_len(const union addr *addr);

/**
 * addr_port() - the port, in host byte order
 */
uint16_t addr_port(const union addr *addr);

/**
 * addr_set_port() - change the port, given in host byte order
 */
void addr_set_port(union addr *addr, uint16_t port);

/**
 * addr_ip() - the bytes of the IP address, in network byte order
 * @len: 4 or 16
 */
const uint8_t *addr_ip(const union addr *addr, size_t *len);

/**
 * addr_network() - what of it a host has to itself: an IPv4 address, or an IPv6 /64
 * @len: 4 or 8
 *
 * Return: the first bytes of addr_ip().
 */
const uint8_t *addr_network(const union addr *addr, size_t *len);

/**
 * addr_same_ip() - compare family and IP address, not the port
 */
bool addr_same_ip(const union addr *a, const union addr *b);

/**
 * addr_equal() - compare family, IP address and port
 */
bool addr_equal(const union addr *a, const union addr *b);

/**
 * addr_is_any() - 0.0.0.0 or ::
 */
bool addr_is_any(const union addr *addr);

/**
 * addr_is_loopback() - 127.0.0.0/8 or ::1
 */
bool addr_is_loopback(const union addr *addr);

/**
 * addr_str() - "192.0.2.1:3478" or "[2001:db8::1]:3478"
 *
 * Return: @buf.
 */
const char *addr_str(const union addr *addr, char buf[ADDR_STR_LEN]);

/**
 * addr_ip_str() - the same without the port and the brackets
 *
 * Return: @buf.
 */
const char *addr_ip_str(const union addr *addr, char buf[ADDR_STR_LEN]);

#endif
