/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/dnnl_common.h"

#include "base/error.h"
#include "base/mem.h"

/* From libgomp, which the library itself is linked with. */
int omp_get_max_threads(void);
void omp_set_num_threads(int n);

int mw_dnnl_one_thread(void)
{
    const int before = omp_get_max_threads();

    if (before != 1) omp_set_num_threads(1);
    return before;
}

void mw_dnnl_threads_back(int before)
{
    if (before != 1) omp_set_num_threads(before);
}

mw_status mw_dnnl_refused(mw_error *err, dnnl_status_t st, const char *what)
{
    if (st == dnnl_out_of_memory) return mw_fail_nomem(err);
    return mw_fail(err, MW_ERR_FORMAT, "unsupported", "oneDNN %d.%d refuses %s (status %d)",
                   DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR, what, (int)st);
}

dnnl_status_t mw_md_create(mw_md *md, int n_dims, const dnnl_dim_t *dims, const dnnl_dim_t *strides,
                           dnnl_data_type_t type)
{
#if DNNL_VERSION_MAJOR >= 3
    return strides ? dnnl_memory_desc_create_with_strides(md, n_dims, dims, type, strides)
                   : dnnl_memory_desc_create_with_tag(md, n_dims, dims, type, dnnl_format_tag_any);
#else
    *md = mw_calloc(1, sizeof **md);
    if (!*md) return dnnl_out_of_memory;
    return strides ? dnnl_memory_desc_init_by_strides(*md, n_dims, dims, type, strides)
                   : dnnl_memory_desc_init_by_tag(*md, n_dims, dims, type, dnnl_format_tag_any);
#endif
}

void mw_md_destroy(mw_md *md)
{
    if (!*md) return;
#if DNNL_VERSION_MAJOR >= 3
    dnnl_memory_desc_destroy(*md);
#else
    mw_free(*md);
#endif
    *md = NULL;
}

dnnl_status_t mw_dnnl_memory(dnnl_memory_t *memory, mw_md_view md, dnnl_engine_t engine,
                             const void *data)
{
    union {
        const void *in;
        void *out;
    } handle = { .in = data };

    return dnnl_memory_create(memory, md, engine, handle.out);
}

dnnl_status_t mw_dnnl_reorder(dnnl_engine_t engine, mw_md_view from, const void *data,
                              mw_md_view to_md, dnnl_memory_t to)
{
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_memory_t src = NULL;
    dnnl_stream_t stream = NULL;
    dnnl_status_t st = mw_dnnl_memory(&src, from, engine, data);

    if (!st) st = dnnl_reorder_primitive_desc_create(&desc, from, engine, to_md, engine, NULL);
    if (!st) st = dnnl_primitive_create(&reorder, desc);
    if (!st) st = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
    if (!st) {
        const dnnl_exec_arg_t arg[] = { { DNNL_ARG_FROM, src }, { DNNL_ARG_TO, to } };

        st = dnnl_primitive_execute(reorder, stream, 2, arg);
    }
    if (!st) st = dnnl_stream_wait(stream);
    dnnl_stream_destroy(stream);
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(desc);
    dnnl_memory_destroy(src);
    return st;
}
