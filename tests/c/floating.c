/* A host with its own rounding, flushed denormals and trapping exceptions: each is found again as it was, and the bits of every answer
 * are those of a host that sets nothing. */
#define _GNU_SOURCE
#include <fenv.h>
#include <stdint.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "expect.h"

static dunlin_value *images[3];

/* Usual numbers, denormals, and numbers that overflow. */
static void compute(const dunlin_model *model, float *scores) {
    for (int i = 0; i < 3; i++) {
        expect(classify(model, images[i], NULL, scores + i * N_SCORES), DUNLIN_OK, "run");
    }
}

enum { N_ALL = 3 * N_SCORES };

int main(int argc, char **argv) {
    float plain[N_ALL], scores[N_ALL];
    if (argc != 2) {
        return 2;
    }
    dunlin_model *model = NULL, *other = NULL;
    images[0] = picture(0.3f);
    images[1] = picture(1e-41f);
    images[2] = picture(3e38f);
    expect(load(argv[1], 3, &model), DUNLIN_OK, "load");
    compute(model, plain);

    const int roundings[] = {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    for (size_t i = 0; i < sizeof roundings / sizeof *roundings; i++) {
        fesetround(roundings[i]);
        compute(model, scores);
        expect_true(memcmp(plain, scores, sizeof scores) == 0, "the host's rounding changes the answer");
        expect(load(argv[1], 2, &other), DUNLIN_OK, "a load with another rounding");
        compute(other, scores);
        dunlin_model_free(other);
        expect_true(memcmp(plain, scores, sizeof scores) == 0, "the host's rounding changes what is loaded");
        expect_true(fegetround() == roundings[i], "the host's rounding has changed");
    }
    fesetround(FE_TONEAREST);

#if defined(__SSE__)
    const unsigned before = _mm_getcsr();
    const unsigned flushing = (before & ~0x3fu) | 0x8040;
    _mm_setcsr(flushing);
    compute(model, scores);
    const unsigned after = _mm_getcsr();
    _mm_setcsr(before);
    expect_true(memcmp(plain, scores, sizeof scores) == 0, "flushed denormals change the answer");
    expect_true((after & ~0x3fu) == (flushing & ~0x3fu), "the host's control word has changed");
#endif

#if defined(__GLIBC__)
    feclearexcept(FE_ALL_EXCEPT);
    feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
    compute(model, scores);
    expect(load(argv[1], 2, &other), DUNLIN_OK, "a load with trapping exceptions");
    dunlin_model_free(other);
    expect_true(fegetexcept() == (FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW), "the host's traps have changed");
    expect_true(fetestexcept(FE_ALL_EXCEPT) == 0, "a run has left flags behind");
    fedisableexcept(FE_ALL_EXCEPT);
    expect_true(memcmp(plain, scores, sizeof scores) == 0, "trapping exceptions change the answer");
#endif
    for (int i = 0; i < 3; i++) {
        dunlin_value_free(images[i]);
    }
    dunlin_model_free(model);
    return verdict();
}
