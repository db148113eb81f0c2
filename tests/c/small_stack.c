/* Threads with stacks of 256 kB load, run and free models. Arguments: models (the first one is run). */
#include <pthread.h>
#include <stdlib.h>

#include "expect.h"

static void *work(void *user) {
    char **paths = user;
    for (int i = 0; paths[i] != NULL; i++) {
        float scores[N_SCORES];
        dunlin_model *model = NULL;
        expect(load(paths[i], 2, &model), DUNLIN_OK, paths[i]);
        if (i == 0) {
            expect(classify_level(model, 0.5f, scores), DUNLIN_OK, "run");
        }
        dunlin_model_free(model);
    }
    expect(dunlin_model_load_bytes("nonsense", 8, NULL, NULL), DUNLIN_NULL_ARGUMENT, "a failure");
    return NULL;
}

int main(int argc, char **argv) {
    pthread_attr_t attributes;
    pthread_t thread;
    if (argc < 2) {
        return 2;
    }
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    expect_true(pthread_create(&thread, &attributes, work, argv + 1) == 0, "no thread");
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    return verdict();
}
