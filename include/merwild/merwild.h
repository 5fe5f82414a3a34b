/* SPDX-License-Identifier: Apache-2.0
 *
 * merwild: controlled, reproducible corruption of emotion-recognition video and audio, with its
 * ground truth.
 *
 * Conventions common to all calls
 *
 * Status    Calls that can fail return mw_status: 0 or a negative code. Those with a reason to tell
 * take mw_error *err last; it may be NULL, belongs to the caller and is written on failure only.
 * Memory    What the library allocates is freed with the matching function, which accepts NULL;
 * out-pointers are NULL after a failure. Inputs are borrowed for the duration of the call. Threads
 * Distinct objects may be used from distinct threads. There is no global state that results depend
 * on. Text      UTF-8, NUL-terminated; paths are passed to the system as they are. Numbers "exact":
 * same bits on every machine; "fixed order": float sums in a written order, same bits on every
 * vector level; "tolerance": a codec, filter design or libm is involved, bound stated. The library
 * does not print, exit, or change locale, signals or floating-point state.
 */
#ifndef MERWILD_MERWILD_H
#define MERWILD_MERWILD_H

#include "merwild/bank.h"
#include "merwild/corrupt.h"
#include "merwild/evaluate.h"
#include "merwild/faces.h"
#include "merwild/features.h"
#include "merwild/import.h"
#include "merwild/models.h"
#include "merwild/occluders.h"
#include "merwild/ops.h"
#include "merwild/options.h"
#include "merwild/preview.h"
#include "merwild/run.h"
#include "merwild/status.h"
#include "merwild/synth.h"
#include "merwild/train.h"
#include "merwild/version.h"

#endif
