/* What the tests of a host share: counting what went wrong, files and threads, and the picture of nothing that they classify. */
#ifndef EXPECT_H
#define EXPECT_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "dunlin.h"

static int n_failed = 0;

static inline void expect(dunlin_status got, dunlin_status want, const char *what) {
    if (got != want) {
        const char *why = dunlin_last_error();
        printf("%s: %s instead of %s (%s)\n", what, dunlin_status_name(got), dunlin_status_name(want), why ? why : "");
        n_failed++;
    }
}

static inline void expect_true(int truth, const char *what) {
    if (!truth) {
        printf("%s\n", what);
        n_failed++;
    }
}

static inline int verdict(void) {
    printf("%d of the calls answered wrongly\n", n_failed);
    return n_failed != 0;
}

/* How many entries a folder has, `.` and `..` included. */
static inline int n_entries(const char *folder) {
    int n = 0;
    DIR *entries = opendir(folder);
    while (entries != NULL && readdir(entries) != NULL) {
        n++;
    }
    if (entries != NULL) {
        closedir(entries);
    }
    return n;
}

enum { N_SCORES = 10 };

/* A picture for the digits whose pixels go from 0 to `level`. */
static inline dunlin_value *picture(float level) {
    float image[28 * 28];
    const size_t dims[] = {1, 1, 28, 28};
    dunlin_value *input = NULL;
    for (int i = 0; i < 28 * 28; i++) {
        image[i] = level * ((float)(i % 7) / 6.0f);
    }
    expect(dunlin_value_new_tensor(DUNLIN_FLOAT32, dims, 4, image, sizeof image, &input), DUNLIN_OK, "picture");
    return input;
}

/* Classifies one picture. */
static inline dunlin_status classify(
    const dunlin_model *model, const dunlin_value *image, const dunlin_run_options *options, float *scores) {
    dunlin_output output = {sizeof output, "probabilities", scores, N_SCORES * sizeof *scores};
    return dunlin_model_run_into(model, NULL, &image, 1, options, &output, 1, NULL);
}

/* Classifies a picture whose pixels go from 0 to `level`. */
static inline dunlin_status classify_level(const dunlin_model *model, float level, float *scores) {
    dunlin_value *image = picture(level);
    const dunlin_status status = classify(model, image, NULL, scores);
    dunlin_value_free(image);
    return status;
}

/* Loads a model with its own pool of so many threads. */
static inline dunlin_status load(const char *path, size_t n_threads, dunlin_model **model) {
    dunlin_options *options = NULL;
    dunlin_status status = dunlin_options_new(&options);
    if (status == DUNLIN_OK) {
        status = dunlin_options_set_threads(options, n_threads);
    }
    if (status == DUNLIN_OK) {
        status = dunlin_model_load(path, DUNLIN_NUL_TERMINATED, options, model);
    }
    dunlin_options_free(options);
    return status;
}

#endif
