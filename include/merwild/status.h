/* SPDX-License-Identifier: Apache-2.0
 *
 * Status codes, error reports and the visibility macro. Every other public header includes this
 * one.
 */
#ifndef MERWILD_STATUS_H
#define MERWILD_STATUS_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#error "merwild supports POSIX systems"
#elif defined(__GNUC__)
#define MW_API                __attribute__((visibility("default")))
#define MW_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define MW_API
#define MW_PRINTF(fmt, first)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Result of a call: 0 is success, failures are negative. The set is small and stable; detail goes
 * into mw_error. */
typedef enum mw_status {
    MW_OK = 0,
    MW_ERR_NOMEM = -1,       /* no memory, or a request above the cap of a single allocation */
    MW_ERR_ARG = -2,         /* an argument that a correct program never passes */
    MW_ERR_RANGE = -3,       /* an option or value outside its allowed interval */
    MW_ERR_IO = -4,          /* the system refused: open, read, write, rename, no space */
    MW_ERR_FORMAT = -5,      /* file contents broken, truncated or of a kind that is not read */
    MW_ERR_SILENT = -6,      /* a signal without power where a level is needed */
    MW_ERR_INTERRUPTED = -7, /* stopped on request */
    MW_ERR_MISMATCH = -8     /* contents differ from what was recorded */
} mw_status;

/* What went wrong, owned by the caller; zero-initialise it, or do not: every failing call fills it
 * whole.
 *
 * code     the status that the call returned
 * reason   short machine-readable word ("silent_input", "truncated", "no_space" ...;
 * docs/reasons.md lists them) message  one sentence naming the thing: file, option, value, allowed
 * interval; cut at the end if longer
 */
typedef struct mw_error {
    mw_status code;
    char reason[32];
    char message[992];
} mw_error;

/* Name of a status code without the prefix, for instance "NOMEM"; "UNKNOWN" for other numbers.
 * Static text. */
MW_API const char *mw_status_name(mw_status st);

/* Version of the library at run time, "major.minor.patch". Static text; the macros are in
 * version.h. */
MW_API const char *mw_version(void);

#ifdef __cplusplus
}
#endif
#endif
