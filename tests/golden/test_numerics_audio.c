/* SPDX-License-Identifier: Apache-2.0
 *
 * Mixing, 16-bit samples and sample rate conversion against the Python system
 * (tests/golden/data/sound_kernels.md). The mixes go through the real noise bank and the real
 * operation, told what the Python system drew.
 */
#include "support/support.h"

#include <math.h>
#include <unistd.h>

#include <sndfile.h>

#include "base/mem.h"
#include "base/str.h"
#include "corrupt/audio/additive.h"
#include "dsp/mix.h"
#include "dsp/resample.h"
#include "run/bank.h"
#include "support/ops.h"
#include "support/sounds.h"

static npy load(const char *folder, const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "tests/golden/data/%s/%s", folder, name);
    return npy_load(source_path(path));
}

/* From the source tree, else from the shared folder; 0 when neither holds it. */
static int load_if_there(npy *a, const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "tests/golden/data/audio_mix/%s", name);
    if (!access(source_path(path), R_OK)) {
        *a = npy_load(source_path(path));
        return 1;
    }
    snprintf(path, sizeof path, "golden/numerics/audio_mix/%s", name);
    if (!have_shared(path)) return 0;
    *a = npy_load(shared_path(path));
    return 1;
}

static void sixteen_bit_samples_equal_those_of_soundfile(void **state)
{
    npy x = load("pcm16", "x.npy"), q = load("pcm16", "q.npy");
    int16_t *got = calloc(x.n, sizeof *got);

    (void)state;
    assert_true(x.kind == 'f' && x.item_bytes == 4 && q.kind == 'i' && q.item_bytes == 2);
    assert_int_equal(x.n, q.n);
    assert_true(x.n > 100);
    mw_pcm16(got, x.data, x.n);
    for (size_t i = 0; i < x.n; i++)
        if (got[i] != ((const int16_t *)q.data)[i])
            fail_msg("%a gives %d, soundfile %d", (double)((const float *)x.data)[i], got[i],
                     ((const int16_t *)q.data)[i]);
    free(got);
    npy_free(&x);
    npy_free(&q);
}

/* Equal bits on the libsoxr that made them; its filters are computed with libm, hence 2e-6 for
 * other builds and processors. */
static void converted_rates_equal_those_of_librosa(void **state)
{
    static const int rates[] = { 8000, 44100, 48000 };

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        char name[64];
        npy x, y;
        float *got;
        size_t n;

        snprintf(name, sizeof name, "x_%d.npy", rates[k]);
        x = load("soxr_hq", name);
        snprintf(name, sizeof name, "y_%d_16000.npy", rates[k]);
        y = load("soxr_hq", name);
        assert_ok(mw_resample(&got, &n, x.data, x.n, rates[k], 16000, NULL));
        assert_int_equal(n, y.n);
        for (size_t i = 0; i < n; i++)
            assert_true(fabs((double)got[i] - ((const float *)y.data)[i]) <= 2e-6);
        mw_free(got);
        npy_free(&x);
        npy_free(&y);
    }
}

/* One line of draws.tsv. */
typedef struct mix_case {
    char clean[64], noise[64], out[64], pcm[64];
    double snr_db;
    mw_additive_decision d;
} mix_case;

static void read_gaps(mix_case *c, char *text)
{
    mw_additive_decision *d = &c->d;

    d->gap_start_samples.v = mw_calloc(8, sizeof(int64_t));
    d->gap_length_samples.v = mw_calloc(8, sizeof(int64_t));
    for (char *p = strcmp(text, "-") ? strtok(text, ",") : NULL; p; p = strtok(NULL, ",")) {
        const size_t i = d->gap_start_samples.n;

        assert_true(i < 8);
        d->gap_start_samples.v[i] = strtoll(p, &p, 10);
        assert_int_equal(*p, ':');
        d->gap_length_samples.v[i] = strtoll(p + 1, NULL, 10);
        d->gap_start_samples.n = d->gap_length_samples.n = i + 1;
    }
}

static int next_case(mix_case *c, FILE *f)
{
    long long start;
    char gaps[256];

    memset(c, 0, sizeof *c);
    if (fscanf(f, "%63s %63s %lf %lld %255s %63s %63s", c->clean, c->noise, &c->snr_db, &start,
               gaps, c->out, c->pcm) != 7)
        return 0;
    c->d.kind = MW_NOISE_NOISE;
    c->d.snr_db = c->snr_db;
    c->d.files.v = mw_calloc(1, sizeof *c->d.files.v);
    c->d.files.v[0] = mw_format("%.*s.wav", (int)strcspn(c->noise, "."), c->noise);
    c->d.files.n = 1;
    c->d.offset_samples.v = mw_calloc(1, sizeof(int64_t));
    c->d.offset_samples.v[0] = start;
    c->d.offset_samples.n = 1;
    read_gaps(c, gaps);
    return 1;
}

/* Float WAVs of the noises, so that nothing is lost on the way. */
static mw_bank *noise_bank(const char *dir)
{
    mw_bank *bank;

    for (int i = 0; i < 3; i++) {
        char name[64], path[512];
        npy x;

        snprintf(name, sizeof name, "noise_%d.npy", i);
        x = load("audio_mix", name);
        snprintf(path, sizeof path, "%s/noise_%d.wav", dir, i);
        make_sound(path, x.data, x.n, 16000, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
        npy_free(&x);
    }
    assert_ok(mw_bank_open(&bank, dir, 16000, 1, NULL));
    assert_int_equal(bank->n, 3);
    return bank;
}

/* Compare with what the Python system made. The levels there are float32 sums in numpy's order,
 * here double sums: the gain differs by up to 2e-7 of itself, the rounded mixture by one unit in
 * the last place of values near 1 at most (1.2e-7), hence
 *
 *     mixture   within 2e-7
 *     16 bits   within 1, on at most 0.1 % of the samples (of one sample in 8000 measured) */
static void compare(const mix_case *c, const float *y, size_t n, int *n_floats)
{
    npy pcm = load("audio_mix", c->pcm), out;
    int16_t *q = calloc(n, sizeof *q);
    size_t off = 0;

    assert_int_equal(pcm.n, n);
    mw_pcm16(q, y, n);
    for (size_t i = 0; i < n; i++) {
        const int d = q[i] - ((const int16_t *)pcm.data)[i];

        assert_in_range(d + 1, 0, 2);
        off += d != 0;
    }
    if ((double)off > 0.001 * (double)n) fail_msg("%s: %zu of %zu codes differ", c->pcm, off, n);
    if (load_if_there(&out, c->out)) {
        ++*n_floats;
        assert_int_equal(out.n, n);
        for (size_t i = 0; i < n; i++) {
            const double d = fabs((double)y[i] - ((const float *)out.data)[i]);

            if (d > 2e-7) fail_msg("%s, sample %zu: off by %g", c->out, i, d);
        }
        npy_free(&out);
    }
    free(q);
    npy_free(&pcm);
}

static void run_case(const mix_case *c, mw_bank *bank, int *n_floats)
{
    const mw_op *op = &mw_op_audio_additive;
    mw_additive_options *o = ops_options(op, 1); /* scale first, no cross-fade */
    npy x = load("audio_mix", c->clean);
    float *z = calloc(x.n, sizeof *z), *y = calloc(x.n, sizeof *y);
    mw_additive_result r;
    void *opened;

    assert_int_equal(o->gap_order, MW_SCALE_FIRST);
    assert_true(o->crossfade_s == 0);
    assert_ok(mw_additive_noise(o, &c->d, 16000, mw_bank_read, bank, z, NULL, (int64_t)x.n, NULL));
    assert_ok(op->audio->open(&opened, o, &c->d, x.data, z, (int64_t)x.n, 16000, NULL));
    assert_ok(op->audio->apply(opened, c->snr_db, y, &r, NULL));
    op->audio->close(opened);
    compare(c, y, x.n, n_floats);
    assert_true(fabs(r.snr_db_measured - c->snr_db) < 1e-5);
    free(z);
    free(y);
    npy_free(&x);
    ops_free(op->info.options, o);
}

static void mixes_equal_those_of_the_python_system(void **state)
{
    char *dir = temp_dir();
    mw_bank *bank = noise_bank(dir);
    FILE *f = fopen(source_path("tests/golden/data/audio_mix/draws.tsv"), "r");
    int n = 0, n_floats = 0;
    mix_case c;

    (void)state;
    assert_non_null(f);
    for (; next_case(&c, f); n++) {
        run_case(&c, bank, &n_floats);
        mw_opt_clear(mw_op_audio_additive.info.drawn, &c.d);
    }
    fclose(f);
    assert_int_equal(n, 18);
    assert_true(n_floats >= 8);
    print_message("# %d mixes, %d of them compared as floats too\n", n, n_floats);
    mw_bank_close(&bank);
    temp_dir_remove(dir);
    assert_int_equal(mw_mem_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixteen_bit_samples_equal_those_of_soundfile),
        cmocka_unit_test(converted_rates_equal_those_of_librosa),
        cmocka_unit_test(mixes_equal_those_of_the_python_system),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
