/* A child that was forked while a model with a pool was loaded: it runs that model (on its one thread), loads others, and frees all.
 * The parent's model goes on undisturbed. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

static void child(const char *path, dunlin_model *model, const float *expected) {
    float scores[N_SCORES];
    dunlin_model *other = NULL;
    expect(classify_level(model, 1.0f, scores), DUNLIN_OK, "a run in the child");
    expect_true(memcmp(scores, expected, sizeof scores) == 0, "the child computes something else");
    expect(load(path, 2, &other), DUNLIN_OK, "a load in the child");
    expect(classify_level(other, 1.0f, scores), DUNLIN_OK, "a run of the child's own model");
    expect_true(memcmp(scores, expected, sizeof scores) == 0, "the child's own model computes something else");
    dunlin_model_free(other);
    dunlin_model_free(model);
}

int main(int argc, char **argv) {
    float scores[N_SCORES], again[N_SCORES];
    dunlin_model *model = NULL;
    if (argc != 2) {
        return 2;
    }
    expect(load(argv[1], 4, &model), DUNLIN_OK, "load");
    expect(classify_level(model, 1.0f, scores), DUNLIN_OK, "run");
    fflush(stdout);
    for (int i = 0; i < 5; i++) {
        const pid_t pid = fork();
        if (pid == 0) {
            alarm(60);
            child(argv[1], model, scores);
            fflush(stdout);
            /* Not exit(): the pool has had to forget threads that the child does not have, which a leak checker would call leaks. */
            _exit(n_failed != 0);
        }
        int status = -1;
        expect(classify_level(model, 1.0f, again), DUNLIN_OK, "a run in the parent");
        expect_true(memcmp(scores, again, sizeof scores) == 0, "the parent computes something else");
        expect_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child failed");
    }
    dunlin_model_free(model);
    return verdict();
}
