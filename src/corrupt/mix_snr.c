/* SPDX-License-Identifier: Apache-2.0 */
#include "merwild/corrupt.h"

#include <math.h>

#include "base/error.h"
#include "dsp/level.h"
#include "dsp/mix.h"

mw_status mw_mix_snr(float *x, const float *noise, size_t n, double snr_db, mw_error *err)
{
    double rms_x, rms_noise;

    if (!x || !noise || !n)
        return mw_fail(err, MW_ERR_ARG, "bad_argument", "mw_mix_snr: no samples");
    if (!(snr_db >= -60 && snr_db <= 60))
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "signal-to-noise ratio of %g dB; allowed is [-60, 60]", snr_db);
    rms_x = (float)sqrt(mw_energy(x, n) / (double)n);
    rms_noise = (float)sqrt(mw_energy(noise, n) / (double)n);
    if (!(rms_x > MW_SILENT_RMS))
        return mw_fail(err, MW_ERR_SILENT, "silent_input", "the signal is silent");
    if (!(rms_noise > MW_SILENT_RMS))
        return mw_fail(err, MW_ERR_SILENT, "silent_noise", "the noise is silent");
    mw_mix(x, x, noise, (float)(rms_x / pow(10, snr_db / 20) / rms_noise), n);
    return MW_OK;
}
