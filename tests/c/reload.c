/* Opens the library, runs a model and closes the library, again and again: no thread and no file is left, and threads that end
 * afterwards do no harm. Arguments: the library, a model. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include "expect.h"

typedef struct api {
    void *library;
    dunlin_status (*load)(const char *, size_t, const dunlin_options *, dunlin_model **);
    dunlin_status (*tensor)(int32_t, const size_t *, size_t, const void *, size_t, dunlin_value **);
    dunlin_status (*run)(const dunlin_model *, const char *const *, const dunlin_value *const *, size_t,
        const dunlin_run_options *, dunlin_value **, size_t, dunlin_report **);
    void (*free_value)(dunlin_value *);
    void (*free_model)(dunlin_model *);
} api;

static pthread_barrier_t closed;

/* The function of a name, without the cast that C forbids. */
static void find(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    if (address == NULL) {
        printf("%s is missing\n", name);
        exit(1);
    }
    memcpy(function, &address, sizeof address);
}

static api open_library(const char *path) {
    api api = {dlopen(path, RTLD_NOW | RTLD_LOCAL), NULL, NULL, NULL, NULL, NULL};
    if (api.library == NULL) {
        printf("%s\n", dlerror());
        exit(1);
    }
    find(api.library, "dunlin_model_load", &api.load);
    find(api.library, "dunlin_value_new_tensor", &api.tensor);
    find(api.library, "dunlin_model_run", &api.run);
    find(api.library, "dunlin_value_free", &api.free_value);
    find(api.library, "dunlin_model_free", &api.free_model);
    return api;
}

static int run_once(const api *api, const char *path) {
    static const float image[28 * 28];
    const size_t dims[] = {1, 1, 28, 28};
    dunlin_model *model = NULL;
    dunlin_value *input = NULL, *output = NULL;
    int works = api->load(path, DUNLIN_NUL_TERMINATED, NULL, &model) == DUNLIN_OK
        && api->tensor(DUNLIN_FLOAT32, dims, 4, image, sizeof image, &input) == DUNLIN_OK;
    const dunlin_value *inputs[] = {input};
    works = works && api->run(model, NULL, inputs, 1, NULL, &output, 1, NULL) == DUNLIN_OK;
    /* A failure, so that the thread has a last error when it ends. */
    works = works && api->load("no such file", DUNLIN_NUL_TERMINATED, NULL, &model) == DUNLIN_NOT_FOUND;
    api->free_value(output);
    api->free_value(input);
    api->free_model(model);
    return works;
}

/* Uses the library, and ends only after it was closed. */
static void *late(void *user) {
    const char *const *args = user;
    const api api = open_library(args[1]);
    expect_true(run_once(&api, args[2]), "a run of a thread");
    dlclose(api.library);
    pthread_barrier_wait(&closed);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        return 2;
    }
    const int n_files = n_entries("/proc/self/fd");
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        pthread_barrier_init(&closed, NULL, 2);
        pthread_create(&thread, NULL, late, argv);
        const api api = open_library(argv[1]);
        expect_true(run_once(&api, argv[2]), "a run");
        dlclose(api.library);
        pthread_barrier_wait(&closed);
        pthread_join(thread, NULL);
        pthread_barrier_destroy(&closed);
        expect_true(n_entries("/proc/self/task") == 3, "a thread is left (besides `.`, `..` and the first)");
        expect_true(n_entries("/proc/self/fd") == n_files, "a file is left open");
    }
    printf("%d of the calls answered wrongly\n", n_failed);
    return n_failed != 0;
}
