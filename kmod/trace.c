// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints themselves.
 */
#include <linux/build_bug.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

#undef REASON
#undef REASON_LAST
#define REASON(name, text)	1 +
#define REASON_LAST(name, text)	1
static_assert(KTURN_TRACE_REASONS == KTURN_END_REASON_ERROR + 1, "a reason has no name");
