/* Classifies the picture of a digit.
 *
 *   cc -std=c11 examples/c/classify.c -Iinclude -Ltarget/debug -ldunlin -o classify
 *   LD_LIBRARY_PATH=target/debug ./classify examples/digits/digits.onnx examples/digits/seven.pgm
 */
#include <stdio.h>

#include "dunlin.h"

enum { SIDE = 28, DIGITS = 10 };

static int fail(const char *what) {
    const char *why = dunlin_last_error();
    fprintf(stderr, "%s: %s\n", what, why ? why : "failed");
    return 1;
}

/* Reads a PGM of 28 by 28 bytes as floats from 0 to 1. */
static int read_picture(const char *path, float *pixels) {
    unsigned char bytes[SIDE * SIDE];
    FILE *file = fopen(path, "rb");
    int complete = file != NULL && fscanf(file, "P5 28 28 255%*c") == 0
        && fread(bytes, 1, sizeof bytes, file) == sizeof bytes;
    if (file != NULL) {
        fclose(file);
    }
    for (int i = 0; complete && i < SIDE * SIDE; i++) {
        pixels[i] = (float)bytes[i] / 255.0f;
    }
    return complete;
}

int main(int argc, char **argv) {
    float pixels[SIDE * SIDE];
    if (argc != 3 || !read_picture(argv[2], pixels)) {
        fprintf(stderr, "usage: classify MODEL PICTURE.pgm\n");
        return 2;
    }
    dunlin_model *model = NULL;
    if (dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, NULL, &model) != DUNLIN_OK) {
        return fail("load");
    }
    const size_t dims[] = {1, 1, SIDE, SIDE};
    dunlin_value *image = NULL;
    dunlin_value *output = NULL;
    if (dunlin_value_new_tensor(DUNLIN_FLOAT32, dims, 4, pixels, sizeof pixels, &image) != DUNLIN_OK) {
        return fail("image");
    }
    const dunlin_value *inputs[] = {image};
    if (dunlin_model_run(model, NULL, inputs, 1, NULL, &output, 1, NULL) != DUNLIN_OK) {
        return fail("run");
    }
    const void *data = NULL;
    if (dunlin_tensor_data(output, &data, NULL) != DUNLIN_OK) {
        return fail("output");
    }
    const float *probabilities = data;
    int best = 0;
    for (int digit = 1; digit < DIGITS; digit++) {
        best = probabilities[digit] > probabilities[best] ? digit : best;
    }
    printf("%d with %.1f %%\n", best, 100.0f * probabilities[best]);
    dunlin_value_free(output);
    dunlin_value_free(image);
    dunlin_model_free(model);
    return 0;
}
