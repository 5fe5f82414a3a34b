/* SPDX-License-Identifier: Apache-2.0 */
#include "data/audio.h"

#include "base/mem.h"

void mw_audio_clear(mw_audio *a)
{
    mw_free(a->x);
    *a = (mw_audio){ 0 };
}
