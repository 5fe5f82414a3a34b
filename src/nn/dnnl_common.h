/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two oneDNN files (dnnl_prim.c, dnnl_matmul.c) share, and where 2.6 (Debian 12) and 3.x
 * differ most: memory descriptors are structures in 2 and handles in 3. Nobody else includes this.
 *
 * The library computes with OpenMP threads; the number is a setting of the calling thread and is
 * lowered to one around each call into it.
 */
#ifndef MW_NN_DNNL_COMMON_H
#define MW_NN_DNNL_COMMON_H

#include <dnnl.h>

#include "merwild/status.h"

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t mw_md;
typedef const_dnnl_memory_desc_t mw_md_view;
#else
typedef dnnl_memory_desc_t *mw_md;
typedef const dnnl_memory_desc_t *mw_md_view;
#endif

/* The thread's number of OpenMP threads before, for mw_dnnl_threads_back. */
int mw_dnnl_one_thread(void);
void mw_dnnl_threads_back(int before);

/* MW_ERR_NOMEM, or MW_ERR_FORMAT "unsupported" naming the library and what it refused. */
mw_status mw_dnnl_refused(mw_error *err, dnnl_status_t st, const char *what);

/* strides NULL: any layout the library likes. */
dnnl_status_t mw_md_create(mw_md *md, int n_dims, const dnnl_dim_t *dims, const dnnl_dim_t *strides,
                           dnnl_data_type_t type);
void mw_md_destroy(mw_md *md);

/* Copy data, laid out as from, into the memory to, in its layout and type. */
dnnl_status_t mw_dnnl_reorder(dnnl_engine_t engine, mw_md_view from, const void *data,
                              mw_md_view to_md, dnnl_memory_t to);

/* The library takes writable pointers; sources and weights are only read. */
dnnl_status_t mw_dnnl_memory(dnnl_memory_t *memory, mw_md_view md, dnnl_engine_t engine,
                             const void *data);

#endif
