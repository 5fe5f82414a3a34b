/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "merwild/version.h"

const char *mw_version(void)
{
    return MW_VERSION_STRING;
}

const char *mw_status_name(mw_status st)
{
    switch (st) {
    case MW_OK:
        return "OK";
    case MW_ERR_NOMEM:
        return "NOMEM";
    case MW_ERR_ARG:
        return "ARG";
    case MW_ERR_RANGE:
        return "RANGE";
    case MW_ERR_IO:
        return "IO";
    case MW_ERR_FORMAT:
        return "FORMAT";
    case MW_ERR_SILENT:
        return "SILENT";
    case MW_ERR_INTERRUPTED:
        return "INTERRUPTED";
    case MW_ERR_MISMATCH:
        return "MISMATCH";
    }
    return "UNKNOWN";
}

MW_PRINTF(4, 0)
static void fill(mw_error *err, mw_status code, const char *reason, const char *fmt, va_list ap)
{
    /* The new text may quote the old one, so it is made aside first. */
    char text[sizeof err->message];

    vsnprintf(text, sizeof text, fmt, ap);
    err->code = code;
    snprintf(err->reason, sizeof err->reason, "%s", reason);
    memcpy(err->message, text, sizeof text);
}

mw_status mw_fail(mw_error *err, mw_status code, const char *reason, const char *fmt, ...)
{
    va_list ap;

    if (!err) return code;
    va_start(ap, fmt);
    fill(err, code, reason, fmt, ap);
    va_end(ap);
    return code;
}

static const char *reason_of_errno(int errnum)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return "no_space";
    case ENOENT:
    case ENOTDIR:
        return "not_found";
    case EACCES:
    case EPERM:
    case EROFS:
        return "no_permission";
    default:
        return "io_error";
    }
}

mw_status mw_fail_errno(mw_error *err, int errnum, const char *fmt, ...)
{
    const mw_status code = errnum == ENOMEM ? MW_ERR_NOMEM : MW_ERR_IO;
    size_t n;
    va_list ap;

    if (!err) return code;
    va_start(ap, fmt);
    fill(err, code, errnum == ENOMEM ? "out_of_memory" : reason_of_errno(errnum), fmt, ap);
    va_end(ap);
    n = strlen(err->message);
    snprintf(err->message + n, sizeof err->message - n, ": %s", strerror(errnum));
    return code;
}

mw_status mw_fail_nomem(mw_error *err)
{
    return mw_fail(err, MW_ERR_NOMEM, "out_of_memory", "not enough memory");
}

void mw_error_prefix(mw_error *err, const char *fmt, ...)
{
    char old[sizeof err->message];
    size_t n;
    va_list ap;

    if (!err) return;
    memcpy(old, err->message, sizeof old);
    va_start(ap, fmt);
    vsnprintf(err->message, sizeof err->message, fmt, ap);
    va_end(ap);
    n = strlen(err->message);
    snprintf(err->message + n, sizeof err->message - n, ": %s", old);
}
