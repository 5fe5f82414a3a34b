/* SPDX-License-Identifier: Apache-2.0
 *
 * The operations merwild knows, to be listed and described.
 */
#ifndef MERWILD_OPS_H
#define MERWILD_OPS_H

#include "merwild/options.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mw_modality { MW_AUDIO, MW_VISUAL } mw_modality;

/* One operation. All members are static. */
typedef struct mw_op_info {
    const char *name;    /* "audio.additive" */
    const char *summary; /* one sentence */
    mw_modality modality;
    int version;           /* raised whenever output changes for equal options */
    const mw_opt *options; /* what the user sets */
    const mw_opt
        *drawn; /* what the generator chooses; goes to the sidecar, and replay starts from it */
    const mw_opt *result; /* what is measured */
} mw_op_info;

/* Number of operations, and the i-th (NULL when i is out of range), in a fixed order. */
MW_API size_t mw_op_count(void);
MW_API const mw_op_info *mw_op_get(size_t i);

/* The operation called name, or NULL. */
MW_API const mw_op_info *mw_op_find(const char *name);

#ifdef __cplusplus
}
#endif
#endif
