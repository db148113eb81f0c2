/* Runs a scenario of tests/scenarios, which `cargo xtask scenarios` has laid out as lines and raw bytes: PLAN ANSWERS.
 *
 * The plan is read word by word; `input` is followed by the name, the element type's number, the rank, the sizes, the number of bytes, a
 * line feed and the bytes. Answers have the same form. Strings are as many texts, each with a NUL behind it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dunlin.h"

enum { WORD = 512, MOST = 16, RANK = 8 };

typedef struct {
    dunlin_options *options;
    dunlin_model *model;
    dunlin_session *session;
    size_t n_inputs;
    char names[MOST][WORD];
    dunlin_value *inputs[MOST];
} scenario;

static void need(int works, const char *what) {
    if (!works) {
        fprintf(stderr, "%s: %s\n", what, dunlin_last_error() != NULL ? dunlin_last_error() : "failed");
        exit(1);
    }
}

static void word(FILE *plan, char *out) {
    need(fscanf(plan, "%511s", out) == 1, "the plan ends too early");
}

static size_t number(FILE *plan) {
    size_t n = 0;
    need(fscanf(plan, "%zu", &n) == 1, "a number is missing");
    return n;
}

static void refuse(dunlin_status status, FILE *answers) {
    const char *message = dunlin_last_error();
    fprintf(answers, "error %s %zu\n%s\n", dunlin_status_name((int32_t)status), strlen(message), message);
}

static void read_input(scenario *s, FILE *plan) {
    need(s->n_inputs < MOST, "too many inputs");
    size_t dims[RANK], at = s->n_inputs++;
    word(plan, s->names[at]);
    int32_t dtype = (int32_t)number(plan);
    size_t rank = number(plan), n = 1;
    need(rank <= RANK, "too many axes");
    for (size_t i = 0; i < rank; i++) {
        n *= dims[i] = number(plan);
    }
    size_t n_bytes = number(plan);
    char *bytes = malloc(n_bytes + 1);
    need(bytes != NULL && fgetc(plan) == '\n' && fread(bytes, 1, n_bytes, plan) == n_bytes, "bytes are missing");
    if (dtype == DUNLIN_STRING) {
        const char **texts = malloc((n + 1) * sizeof *texts), *text = bytes;
        need(texts != NULL, "memory");
        for (size_t i = 0; i < n; text += strlen(text) + 1, i++) {
            texts[i] = text;
        }
        need(dunlin_value_new_strings(dims, rank, texts, NULL, n, &s->inputs[at]) == DUNLIN_OK, s->names[at]);
        free(texts);
    } else {
        need(dunlin_value_new_tensor(dtype, dims, rank, bytes, n_bytes, &s->inputs[at]) == DUNLIN_OK, s->names[at]);
    }
    free(bytes);
}

static void write_output(const char *name, const dunlin_value *value, FILE *answers) {
    size_t dims[RANK], rank = dunlin_tensor_rank(value), n = 1, n_bytes = 0;
    int32_t dtype = dunlin_tensor_dtype(value);
    need(dunlin_tensor_dims(value, dims, RANK) == DUNLIN_OK, name);
    fprintf(answers, "output %s %" PRId32 " %zu", name, dtype, rank);
    for (size_t i = 0; i < rank; i++) {
        n *= dims[i];
        fprintf(answers, " %zu", dims[i]);
    }
    const char *text = NULL;
    const void *data = NULL;
    if (dtype != DUNLIN_STRING) {
        need(dunlin_tensor_data(value, &data, &n_bytes) == DUNLIN_OK, name);
        fprintf(answers, " %zu\n", n_bytes);
        fwrite(data, 1, n_bytes, answers);
    } else {
        size_t length = 0;
        for (size_t i = 0; i < n; i++) {
            need(dunlin_tensor_string(value, i, &text, &length) == DUNLIN_OK, name);
            n_bytes += length + 1;
        }
        fprintf(answers, " %zu\n", n_bytes);
        for (size_t i = 0; i < n; i++) {
            need(dunlin_tensor_string(value, i, &text, &length) == DUNLIN_OK, name);
            fwrite(text, 1, length, answers);
            fputc(0, answers);
        }
    }
    fputc('\n', answers);
}

static void run(scenario *s, FILE *answers) {
    const char *names[MOST];
    dunlin_value *outputs[MOST] = {NULL};
    size_t n_outputs = dunlin_model_output_count(s->model);
    need(n_outputs <= MOST, "too many outputs");
    for (size_t i = 0; i < s->n_inputs; i++) {
        names[i] = s->names[i];
    }
    const dunlin_value *const *inputs = (const dunlin_value *const *)s->inputs;
    dunlin_status status = s->session != NULL
        ? dunlin_session_run(s->session, names, inputs, s->n_inputs, NULL, outputs, n_outputs, NULL)
        : dunlin_model_run(s->model, names, inputs, s->n_inputs, NULL, outputs, n_outputs, NULL);
    fprintf(answers, "step\n");
    if (status != DUNLIN_OK) {
        refuse(status, answers);
    }
    for (size_t i = 0; status == DUNLIN_OK && i < n_outputs; i++) {
        dunlin_port info = {.size = sizeof info};
        need(dunlin_model_output(s->model, i, &info) == DUNLIN_OK, "output");
        write_output(info.name, outputs[i], answers);
        dunlin_value_free(outputs[i]);
    }
    for (size_t i = 0; i < s->n_inputs; i++) {
        dunlin_value_free(s->inputs[i]);
    }
    s->n_inputs = 0;
}

int main(int argc, char **argv) {
    FILE *plan = argc == 3 ? fopen(argv[1], "rb") : NULL, *answers = argc == 3 ? fopen(argv[2], "wb") : NULL;
    need(plan != NULL && answers != NULL, "usage: scenario PLAN ANSWERS");
    fprintf(answers, "isa %s\n", dunlin_instruction_set());
    static scenario s;
    char what[WORD], a[WORD], b[WORD];
    need(dunlin_options_new(&s.options) == DUNLIN_OK, "options");
    while (fscanf(plan, "%511s", what) == 1) {
        if (strcmp(what, "threads") == 0) {
            need(dunlin_options_set_threads(s.options, number(plan)) == DUNLIN_OK, what);
        } else if (strcmp(what, "state") == 0) {
            word(plan, a);
            word(plan, b);
            need(dunlin_options_add_state(s.options, a, DUNLIN_NUL_TERMINATED, b, DUNLIN_NUL_TERMINATED) == DUNLIN_OK, what);
        } else if (strcmp(what, "model") == 0) {
            word(plan, a);
            dunlin_status status = dunlin_model_load(a, DUNLIN_NUL_TERMINATED, s.options, &s.model);
            if (status != DUNLIN_OK) {
                refuse(status, answers);
                break;
            }
        } else if (strcmp(what, "session") == 0) {
            need(dunlin_session_new(s.model, &s.session) == DUNLIN_OK, what);
        } else if (strcmp(what, "input") == 0) {
            read_input(&s, plan);
        } else {
            need(strcmp(what, "run") == 0, what);
            run(&s, answers);
        }
    }
    dunlin_session_free(s.session);
    dunlin_model_free(s.model);
    dunlin_options_free(s.options);
    fclose(plan);
    return fclose(answers) == 0 ? 0 : 1;
}
