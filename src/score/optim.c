/* SPDX-License-Identifier: Apache-2.0
 *
 * AdamW: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
 */
#include <math.h>

#include "base/fmath.h"
#include "score/net_int.h"

static double norm_of(const mw_net *net)
{
    double sum = 0;

    for (size_t i = 0; i < net->n_params; i++) {
        const mw_net_param *p = &net->params[i];

        for (size_t j = 0; j < p->n && p->trained; j++)
            sum += (double)p->g[j] * (double)p->g[j];
    }
    return sqrt(sum);
}

double mw_net_adamw(mw_net *net, double rate, double decay, double coefficient_rate, double clip)
{
    const double norm = norm_of(net), t = (double)++net->n_steps;
    /* 1 - beta^t */
    const double c1 = 1 - mw_pow(0.9, t), c2 = 1 - mw_pow(0.999, t);
    const double scale = clip > 0 && norm + 1e-6 > clip ? clip / (norm + 1e-6) : 1;

    for (size_t i = 0; i < net->n_params; i++) {
        mw_net_param *p = &net->params[i];
        const double r = p->coefficient ? rate * coefficient_rate : rate;
        const mw_adamw_step s = { .scale = (mw_real)scale,
                                  .keep = (mw_real)(p->decay ? 1 - r * decay : 1),
                                  .rate_1 = (mw_real)(r / c1),
                                  .root_2 = (mw_real)sqrt(c2) };
        const size_t at = (size_t)(p->v - net->v);

        if (p->trained) mw_rows()->adamw(p->v, p->g, net->first + at, net->second + at, p->n, &s);
    }
    return norm;
}
