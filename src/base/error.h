/* SPDX-License-Identifier: Apache-2.0
 *
 * Filling of mw_error. Whoever detects a failure writes it; callers pass it on.
 */
#ifndef MW_BASE_ERROR_H
#define MW_BASE_ERROR_H

#include "merwild/status.h"

/* Fill *err (may be NULL) and return code, so that "return mw_fail(...)" reads as one step.
 * reason: a word from docs/reasons.md. */
mw_status mw_fail(mw_error *err, mw_status code, const char *reason, const char *fmt, ...)
    MW_PRINTF(4, 5);

/* Same for a failed system call: appends strerror(errnum); picks the reason ("no_space",
 * "not_found", "no_permission", "io_error") from errnum. */
mw_status mw_fail_errno(mw_error *err, int errnum, const char *fmt, ...) MW_PRINTF(3, 4);

mw_status mw_fail_nomem(mw_error *err);

/* Put "prefix: " before the message of an error that a callee wrote. */
void mw_error_prefix(mw_error *err, const char *fmt, ...) MW_PRINTF(2, 3);

#endif
