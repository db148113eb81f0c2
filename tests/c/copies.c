/* Two copies of the library in one process, each with its own models, running side by side; and a third in a linker namespace of its own,
 * where the system can make one. Arguments: the library, a model, a folder for the copy. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include "expect.h"

typedef struct copy {
    void *library;
    const char *path;
    float scores[N_SCORES];
    int works;
} copy;

static void find(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    if (address == NULL) {
        printf("%s is missing\n", name);
        exit(1);
    }
    memcpy(function, &address, sizeof address);
}

static void *run(void *user) {
    copy *self = user;
    dunlin_status (*load_model)(const char *, size_t, const dunlin_options *, dunlin_model **);
    dunlin_status (*new_tensor)(int32_t, const size_t *, size_t, const void *, size_t, dunlin_value **);
    dunlin_status (*run_into)(const dunlin_model *, const char *const *, const dunlin_value *const *, size_t,
        const dunlin_run_options *, const dunlin_output *, size_t, dunlin_report **);
    void (*free_value)(dunlin_value *);
    void (*free_model)(dunlin_model *);
    find(self->library, "dunlin_model_load", &load_model);
    find(self->library, "dunlin_value_new_tensor", &new_tensor);
    find(self->library, "dunlin_model_run_into", &run_into);
    find(self->library, "dunlin_value_free", &free_value);
    find(self->library, "dunlin_model_free", &free_model);

    static const float image[28 * 28];
    const size_t dims[] = {1, 1, 28, 28};
    dunlin_output output = {sizeof output, "probabilities", self->scores, sizeof self->scores};
    dunlin_model *model = NULL;
    dunlin_value *input = NULL;
    self->works = load_model(self->path, DUNLIN_NUL_TERMINATED, NULL, &model) == DUNLIN_OK
        && new_tensor(DUNLIN_FLOAT32, dims, 4, image, sizeof image, &input) == DUNLIN_OK;
    const dunlin_value *inputs[] = {input};
    for (int i = 0; i < 20 && self->works; i++) {
        self->works = run_into(model, NULL, inputs, 1, NULL, &output, 1, NULL) == DUNLIN_OK;
    }
    free_value(input);
    free_model(model);
    return NULL;
}

static int copy_file(const char *from, const char *to) {
    static char bytes[1 << 16];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t n = 1;
    while (in != NULL && out != NULL && n > 0) {
        n = fread(bytes, 1, sizeof bytes, in);
        if (fwrite(bytes, 1, n, out) != n) {
            return 0;
        }
    }
    return in != NULL && out != NULL && fclose(in) == 0 && fclose(out) == 0;
}

int main(int argc, char **argv) {
    static copy copies[3];
    static char second[4096];
    pthread_t threads[3];
    if (argc != 4) {
        return 2;
    }
    snprintf(second, sizeof second, "%s/libanother.so", argv[3]);
    expect_true(copy_file(argv[1], second), "the library cannot be copied");
    copies[0].library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    copies[1].library = dlopen(second, RTLD_NOW | RTLD_LOCAL);
    copies[2].library = dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW | RTLD_LOCAL);
    const int n = copies[2].library != NULL ? 3 : 2;
    printf("%d copies\n", n);
    expect_true(copies[0].library != NULL && copies[1].library != NULL && copies[0].library != copies[1].library, "no two copies");
    for (int i = 0; i < n && n_failed == 0; i++) {
        copies[i].path = argv[2];
        expect_true(pthread_create(&threads[i], NULL, run, &copies[i]) == 0, "no thread");
    }
    for (int i = 0; i < n && n_failed == 0; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < n; i++) {
        expect_true(copies[i].works, "a copy fails");
        expect_true(memcmp(copies[i].scores, copies[0].scores, sizeof copies[0].scores) == 0, "a copy computes something else");
    }
    for (int i = n - 1; i >= 0; i--) {
        expect_true(dlclose(copies[i].library) == 0, "a copy cannot be closed");
    }
    remove(second);
    printf("%d of the calls answered wrongly\n", n_failed);
    return n_failed != 0;
}
