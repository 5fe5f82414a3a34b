/* SPDX-License-Identifier: Apache-2.0
 *
 * Pitch candidates from the subharmonic sum (C5.6), the parabola (C3) and the small functions of
 * pitch values (C6.5).
 */
#include "feature/lld/pitch.h"

#include <math.h>

#include "base/fmath.h"

const lld_pitch_par lld_pitch_egemaps = { 55.0f, 1000.0f, 40, 0.10 };
const lld_pitch_par lld_pitch_compare = { 52.0f, 620.0f, 30, 0.25 };

void lld_vertex(const double x[3], const double y[3], double *x_top, double *y_top)
{
    const double d = (x[0] - x[1]) * (x[1] - x[2]) * (x[2] - x[0]);
    int best = 0;

    if (d != 0.0) {
        const double a = -(y[0] * (x[1] - x[2]) + y[1] * (x[2] - x[0]) + y[2] * (x[0] - x[1])) / d;

        if (a != 0.0) {
            const double slope = (y[1] - y[0]) / (x[1] - x[0]) + a * (x[1] - x[0]);
            const double dx = -slope / (2.0 * a);

            *x_top = x[1] + dx;
            *y_top = y[1] + 0.5 * slope * dx;
            return;
        }
    }
    for (int i = 0; i < 3; i++)
        if (y[i] > y[(i + 1) % 3] && y[i] > y[(i + 2) % 3]) best = i;
    *x_top = x[best];
    *y_top = y[best];
}

void lld_peaks_find(const lld_tables *t, const lld_scratch *s, size_t lane, lld_peaks *out)
{
    const float *v = s->shs + lane;
    const double mean = s->shs_mean[lane];

    /* a maximum is above a value that is not negative: 0 marks none */
    for (out->n = 0; out->n < LLD_PEAKS && s->peak[(size_t)out->n * MW_LANES + lane] > 0;)
        out->n++;
    for (int k = 0; k < out->n; k++) {
        const size_t at = (size_t)s->peak_at[(size_t)k * MW_LANES + lane];
        double x[3], y[3], top_x, top_y;

        for (int o = 0; o < 3; o++) {
            const size_t i = at + (size_t)o - 1;

            x[o] = (double)((float)i * t->shs_step + t->shs_lo);
            y[o] = (double)v[i * MW_LANES];
        }
        lld_vertex(x, y, &top_x, &top_y);
        out->hz[k] = (float)mw_exp(top_x * MW_LN2);
        out->voicing[k] = top_y > 0 && top_y > mean ? (float)(1.0 - mean / top_y) : 0.0f;
        out->score[k] = (float)top_y;
    }
}

void lld_candidates_make(const lld_peaks *p, const lld_pitch_par *par, lld_candidates *out)
{
    float score[LLD_CANDIDATES];
    int n = 0, best = 0;

    *out = (lld_candidates){ { 0 }, { 0 } };
    for (int i = 0; i < p->n; i++) {
        if (p->hz[i] < par->min_hz || p->hz[i] > par->max_hz) continue;
        out->hz[n] = p->hz[i];
        out->voicing[n] = p->voicing[i];
        score[n] = p->score[i];
        if (score[n] > score[best]) best = n;
        n++;
    }
    if (best > 0) {
        const float hz = out->hz[best], voicing = out->voicing[best];

        out->hz[best] = out->hz[0], out->voicing[best] = out->voicing[0];
        out->hz[0] = hz, out->voicing[0] = voicing;
    }
}

lld_pitch lld_pitch_of(const lld_candidates *c, int state, float rms60)
{
    if (!(rms60 > 0.001f)) return (lld_pitch){ 0, 0 };
    if (state == LLD_CANDIDATES) return (lld_pitch){ 0, c->voicing[0] };
    return (lld_pitch){ c->hz[state], c->voicing[state] };
}

float lld_semitones(float hz)
{
    if (hz > 29.136f) return 12.0f * (float)mw_log((double)(hz / 27.5f)) / (float)MW_LN2;
    return hz > 0 ? 1.0f : 0.0f;
}
