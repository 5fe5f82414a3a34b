/* SPDX-License-Identifier: Apache-2.0
 *
 * Viterbi smoothing over the pitch candidates and one unvoiced state (C6). Weights are those that
 * act in the reference, which differ from the configured ones.
 */
#include "feature/lld/pitch.h"

#include <math.h>
#include <string.h>

#include "base/fmath.h"

#define STATES     (LLD_CANDIDATES + 1)
#define UNVOICED   LLD_CANDIDATES
#define THRESHOLD  0.7f
#define W_LOCAL    2.0
#define W_PITCH    10.0 /* voiced to voiced, and its change */
#define W_SWITCH   10.0 /* voiced to unvoiced and back */
#define W_BELOW    4.0  /* voicing below the threshold */
#define C_STAY     1.0  /* unvoiced to unvoiced */
#define C_NO_PITCH 999.0

void lld_tracker_init(lld_tracker *t, const lld_pitch_par *par)
{
    memset(t, 0, sizeof *t);
    t->track_len = par->track_len;
    t->last_change = 1.0;
}

/* Cost of a pitch far from the usual interval. */
static double range_cost(double hz)
{
    if (hz <= 0) return 2.0;
    if (hz < 100) return 1.0 - hz / 100.0;
    if (hz < 350) return 0.0;
    if (hz < 600) return (hz - 350.0) / 250.0;
    return 1.2;
}

static void local_costs(const lld_candidates *c, double cost[STATES])
{
    int voiced = 0;

    for (int i = 0; i < LLD_CANDIDATES; i++) {
        const double v = fmin(fmax((double)c->voicing[i], 0.01), 1.0);
        const double below = v < (double)THRESHOLD ? W_BELOW : 0.0;

        cost[i] = (-mw_log(v) + below) * W_LOCAL + range_cost((double)c->hz[i]);
        voiced |= c->voicing[i] >= THRESHOLD;
    }
    cost[UNVOICED] = voiced ? W_LOCAL * W_BELOW : 0.0;
}

/* From state j of the previous frame to state i; the change of pitch last looked at is carried
 * from call to call. */
static double transition(lld_tracker *t, const float *hz, int i, int j)
{
    double r, cost;

    if (i == UNVOICED && j == UNVOICED) return C_STAY;
    if (i == UNVOICED || j == UNVOICED) {
        t->last_change = 0.0;
        return W_SWITCH;
    }
    if (hz[i] == 0.0f || t->prev_hz[j] == 0.0f) return C_NO_PITCH;
    r = mw_log((double)(hz[i] / t->prev_hz[j]));
    cost = W_PITCH * fabs(r) + W_PITCH * fabs(r - t->last_change);
    t->last_change = r;
    return cost;
}

static void extend(lld_tracker *t, const lld_candidates *c, const double local[STATES])
{
    uint8_t path[STATES][LLD_TRACK_MAX + 1];
    double cost[STATES];

    for (int i = 0; i < STATES; i++) {
        double best = 0;
        int from = 0;

        for (int j = 0; j < STATES; j++) {
            const double total = transition(t, c->hz, i, j) + t->cost[j];

            if (j == 0 || total < best) best = total, from = j;
        }
        cost[i] = best + local[i];
        memcpy(path[i], t->path[from], (size_t)t->n_open);
        path[i][t->n_open] = (uint8_t)i;
    }
    memcpy(t->cost, cost, sizeof cost);
    memcpy(t->path, path, sizeof path);
    t->n_open++;
}

static int cheapest(const lld_tracker *t)
{
    int best = 0;

    for (int i = 1; i < STATES; i++)
        if (t->cost[i] < t->cost[best]) best = i;
    return best;
}

static void drop_oldest(lld_tracker *t, int n)
{
    for (int i = 0; i < STATES; i++)
        memmove(t->path[i], t->path[i] + n, (size_t)(t->n_open - n));
    t->n_open -= n;
}

static int agreed(const lld_tracker *t)
{
    int n = 0;

    for (; n < t->n_open; n++)
        for (int i = 1; i < STATES; i++)
            if (t->path[i][n] != t->path[0][n]) return n;
    return n;
}

int lld_tracker_push(lld_tracker *t, const lld_candidates *c, uint8_t *out)
{
    double local[STATES];
    int n;

    local_costs(c, local);
    if (!t->started) {
        memcpy(t->cost, local, sizeof local);
        for (int i = 0; i < STATES; i++)
            t->path[i][0] = (uint8_t)i;
        t->n_open = 1;
        t->started = 1;
    } else {
        extend(t, c, local);
    }
    memcpy(t->prev_hz, c->hz, sizeof t->prev_hz);
    if (t->n_open >= t->track_len) {
        out[0] = t->path[cheapest(t)][0];
        n = 1;
    } else {
        n = agreed(t);
        memcpy(out, t->path[0], (size_t)n);
    }
    drop_oldest(t, n);
    return n;
}

int lld_tracker_flush(lld_tracker *t, uint8_t *out)
{
    const int n = t->n_open;

    memcpy(out, t->path[cheapest(t)], (size_t)n);
    t->n_open = 0;
    return n;
}
