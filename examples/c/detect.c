/* Finds objects in a picture with a YOLOv8 detector, whose output has a column of [x, y, width, height, score of each class] per box.
 *
 *   cc -std=c11 examples/c/detect.c -Iinclude -Ltarget/debug -ldunlin -o detect
 *   LD_LIBRARY_PATH=target/debug ./detect ~/.cache/dunlin/models/yolov8n_320.onnx examples/pictures/astronaut.ppm
 */
#include <stdio.h>
#include <stdlib.h>

#include "dunlin.h"

enum { SIDE = 320, MAX_BOXES = 100 };

typedef struct box {
    float left, top, right, bottom, score;
    size_t class;
} box;

static unsigned char bytes[3 * 4096 * 4096];
static float pixels[3 * SIDE * SIDE];

static void check(int works, const char *what) {
    if (!works) {
        const char *why = dunlin_last_error();
        fprintf(stderr, "%s: %s\n", what, why != NULL ? why : "failed");
        exit(1);
    }
}

/* Reads a PPM into the top left of a square, scaled to fit; returns how many pixels became one. */
static float read_picture(const char *path) {
    int width = 0, height = 0;
    FILE *file = fopen(path, "rb");
    check(file != NULL && fscanf(file, "P6 %d %d 255%*c", &width, &height) == 2, path);
    check(width > 0 && height > 0 && width <= 4096 && height <= 4096, path);
    check(fread(bytes, 3, (size_t)(width * height), file) == (size_t)(width * height), path);
    fclose(file);
    const int longest = width > height ? width : height;
    for (int i = 0; i < SIDE * SIDE; i++) {
        const int x = i % SIDE * longest / SIDE, y = i / SIDE * longest / SIDE;
        for (int c = 0; c < 3 && x < width && y < height; c++) {
            pixels[c * SIDE * SIDE + i] = (float)bytes[(y * width + x) * 3 + c] / 255.0f;
        }
    }
    return (float)longest / SIDE;
}

static float smaller(float a, float b) { return a < b ? a : b; }
static float larger(float a, float b) { return a > b ? a : b; }
static float area(box a) { return larger(a.right - a.left, 0) * larger(a.bottom - a.top, 0); }

/* Whether two boxes share more than half of what they cover together. */
static int overlap(box a, box b) {
    const box both = {larger(a.left, b.left), larger(a.top, b.top), smaller(a.right, b.right), smaller(a.bottom, b.bottom), 0, 0};
    return area(both) > (area(a) + area(b) - area(both)) / 2;
}

int main(int argc, char **argv) {
    check(argc == 3, "usage: detect MODEL PICTURE.ppm");
    const float scale = read_picture(argv[2]);
    const size_t dims[] = {1, 3, SIDE, SIDE};
    size_t sizes[3] = {0};
    dunlin_model *model = NULL;
    dunlin_value *image = NULL, *output = NULL;
    const void *data = NULL;
    check(dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, NULL, &model) == DUNLIN_OK, "load");
    check(dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, 4, pixels, sizeof pixels, NULL, NULL, &image) == DUNLIN_OK, "image");
    const dunlin_value *inputs[] = {image};
    check(dunlin_model_run(model, NULL, inputs, 1, NULL, &output, 1, NULL) == DUNLIN_OK, "run");
    check(dunlin_tensor_dims(output, sizes, 3) == DUNLIN_OK && sizes[1] > 4, "output");
    check(dunlin_tensor_data(output, &data, NULL) == DUNLIN_OK, "output");

    /* The best column that overlaps none of those before, until none is good enough. */
    const float *at = data;
    const size_t n = sizes[2];
    box found[MAX_BOXES + 1];
    for (size_t n_found = 0; n_found < MAX_BOXES; n_found++) {
        box best = {0, 0, 0, 0, 0.3f, 0};
        for (size_t i = 0; i < n; i++) {
            const float x = at[i] * scale, y = at[n + i] * scale, width = at[2 * n + i] * scale, height = at[3 * n + i] * scale;
            box next = {x - width / 2, y - height / 2, x + width / 2, y + height / 2, 0, 0};
            int is_new = 1;
            for (size_t k = 0; k < n_found; k++) {
                is_new = is_new && !overlap(found[k], next);
            }
            for (size_t c = 4; is_new && c < sizes[1]; c++) {
                if (at[c * n + i] > best.score) {
                    next.score = at[c * n + i];
                    next.class = c - 4;
                    best = next;
                }
            }
        }
        if (best.right == 0) {
            break;
        }
        found[n_found] = best;
        printf("class %zu from %.0f, %.0f to %.0f, %.0f: %.1f %%\n", best.class, best.left, best.top, best.right, best.bottom,
            100.0f * best.score);
    }
    dunlin_value_free(output);
    dunlin_value_free(image);
    dunlin_model_free(model);
    return 0;
}
