/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTURN_VERSION_H
#define KTURN_VERSION_H

#define KTURN_VERSION "0.1"

#endif
