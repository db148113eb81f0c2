/* Memory that runs out: the allocator fails the n-th call, for each n of a load and some runs. Every call must answer with OK or
 * OUT_OF_MEMORY, the library must be usable afterwards, and nothing may be left behind. Takes the first n and how many, and models,
 * each with its number of threads before it. For glibc. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dunlin.h"

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

/* Which calls fail. */
enum mode {
    ONCE,           /* The n-th that libdunlin makes. */
    ANYWHERE,       /* The n-th that anybody makes, the C library for libdunlin among them; in a new thread each time. */
    LASTING,        /* The n-th that libdunlin makes and all after it, until a call of Dunlin's is over. */
    LASTING_ANYWHERE, /* The n-th that anybody makes and all after it, likewise. */
    N_MODES,
};

static const char *const MODE_NAMES[N_MODES] = {"once", "once anywhere", "lasting", "lasting anywhere"};

static atomic_int is_armed, mode, n_failed;
static atomic_long n_calls, fail_at, n_blocks;
static uintptr_t code_start, code_end;
static int n_wrong = 0;

static int is_anywhere(void) {
    return atomic_load(&mode) == ANYWHERE || atomic_load(&mode) == LASTING_ANYWHERE;
}

static int is_lasting(void) {
    return atomic_load(&mode) >= LASTING;
}

/* Whether this call is to fail. */
static int fails(const void *caller) {
    if (!atomic_load(&is_armed)) {
        return 0;
    }
    uintptr_t address = (uintptr_t)caller;
    int is_ours = address >= code_start && address < code_end;
    if (!is_ours && !is_anywhere()) {
        return 0;
    }
    long n = atomic_fetch_add(&n_calls, 1) + 1, at = atomic_load(&fail_at);
    if (n == at || (n > at && is_lasting())) {
        atomic_fetch_add(&n_failed, 1);
        errno = ENOMEM;
        return 1;
    }
    return 0;
}

static void *counted(void *block) {
    if (block != NULL) {
        atomic_fetch_add(&n_blocks, 1);
    }
    return block;
}

void *malloc(size_t n_bytes) {
    return fails(__builtin_return_address(0)) ? NULL : counted(__libc_malloc(n_bytes));
}

void *calloc(size_t n, size_t n_bytes) {
    return fails(__builtin_return_address(0)) ? NULL : counted(__libc_calloc(n, n_bytes));
}

void *realloc(void *block, size_t n_bytes) {
    if (fails(__builtin_return_address(0))) {
        return NULL;
    }
    if (block == NULL) {
        return counted(__libc_malloc(n_bytes));
    }
    return __libc_realloc(block, n_bytes);
}

void *memalign(size_t align, size_t n_bytes) {
    return fails(__builtin_return_address(0)) ? NULL : counted(__libc_memalign(align, n_bytes));
}

void *aligned_alloc(size_t align, size_t n_bytes) {
    return fails(__builtin_return_address(0)) ? NULL : counted(__libc_memalign(align, n_bytes));
}

int posix_memalign(void **out, size_t align, size_t n_bytes) {
    void *block = fails(__builtin_return_address(0)) ? NULL : counted(__libc_memalign(align, n_bytes));
    if (block == NULL) {
        return ENOMEM;
    }
    *out = block;
    return 0;
}

void free(void *block) {
    if (block != NULL) {
        atomic_fetch_sub(&n_blocks, 1);
    }
    __libc_free(block);
}

/* Finds where libdunlin's code lies. */
static int find_code(struct dl_phdr_info *info, size_t size, void *user) {
    uintptr_t inside = (uintptr_t)user;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr, end = start + info->dlpi_phdr[i].p_memsz;
        if (info->dlpi_phdr[i].p_type == PT_LOAD && inside >= start && inside < end) {
            code_start = start;
            code_end = end;
            return 1;
        }
    }
    return 0;
}

/* The status of a call during which memory may be refused: from now on nothing fails, if that is how it was to be. */
static int is_fine(dunlin_status status, const char *what) {
    int armed = atomic_exchange(&is_armed, 0);
    if (status != DUNLIN_OK && (status != DUNLIN_OUT_OF_MEMORY || !armed || atomic_load(&n_failed) == 0)) {
        const char *why = dunlin_last_error();
        printf("%s at call %ld (%s): %s (%s)\n", what, atomic_load(&fail_at), MODE_NAMES[atomic_load(&mode)],
            dunlin_status_name(status), why != NULL ? why : "no message");
        n_wrong++;
    }
    if (status == DUNLIN_OK && armed && is_lasting() && atomic_load(&n_failed) > 0) {
        /* The reserve was enough for this call; the next one finds memory again. */
        return 1;
    }
    atomic_store(&is_armed, armed);
    return status == DUNLIN_OK;
}

enum { MAX_INPUT = 1 << 20, MAX_OUTPUT = 4096 };

static float input_data[MAX_INPUT], output_data[MAX_OUTPUT];

/* Loads a model and runs it twice on the first of its inputs, once into the host's memory; 1 if all of that worked. */
static int load_and_run(const char *path, uint32_t n_threads) {
    dunlin_options *options = NULL;
    dunlin_model *model = NULL;
    dunlin_session *session = NULL;
    dunlin_value *input = NULL, *outputs[8] = {NULL};
    dunlin_port in = {sizeof in, NULL, NULL, 0, NULL, 0, 0}, out = in;
    size_t dims[8], n_inputs = 1, n_outputs = 1;
    int works = is_fine(dunlin_options_new(&options), "options")
        && is_fine(dunlin_options_set_threads(options, n_threads), "threads")
        && is_fine(dunlin_model_load(path, DUNLIN_NUL_TERMINATED, options, &model), "load");
    if (works) {
        works = is_fine(dunlin_model_input(model, 0, &in), "input") && is_fine(dunlin_model_output(model, 0, &out), "output");
        for (size_t i = 0; works && i < in.rank; i++) {
            dims[i] = in.dims[i] < 0 ? 1 : (size_t)in.dims[i];
            n_inputs *= dims[i];
        }
        for (size_t i = 0; works && i < out.rank; i++) {
            n_outputs *= out.dims[i] < 0 ? 1 : (size_t)out.dims[i];
        }
    }
    if (works && (n_inputs > MAX_INPUT || n_outputs > MAX_OUTPUT || dunlin_model_output_count(model) > 8)) {
        printf("%s is too large\n", path);
        n_wrong++;
        works = 0;
    }
    if (works) {
        const dunlin_output place = {sizeof place, out.name, output_data, n_outputs * sizeof(float)};
        works = is_fine(dunlin_value_new_tensor(DUNLIN_FLOAT32, dims, in.rank, input_data, n_inputs * sizeof(float), &input), "value")
            && is_fine(dunlin_session_new(model, &session), "session");
        const dunlin_value *inputs[] = {input};
        memset(output_data, 0xFF, sizeof output_data);
        works = works
            && is_fine(dunlin_model_run(model, NULL, inputs, 1, NULL, outputs, dunlin_model_output_count(model), NULL), "run")
            && is_fine(dunlin_session_run_into(session, NULL, inputs, 1, NULL, &place, 1, NULL), "run into");
    }
    for (int i = 0; i < 8; i++) {
        dunlin_value_free(outputs[i]);
    }
    dunlin_value_free(input);
    dunlin_session_free(session);
    dunlin_model_free(model);
    dunlin_options_free(options);
    return works;
}

/* Loads and runs while nothing fails, and compares; leaves the thread with a last error that is always the same. */
static void expect_right(const char *path, uint32_t n_threads, const float *expected) {
    if (!load_and_run(path, n_threads) || memcmp(output_data, expected, sizeof output_data) != 0) {
        printf("after call %ld (%s) failed the answer is wrong\n", atomic_load(&fail_at), MODE_NAMES[atomic_load(&mode)]);
        n_wrong++;
    }
    dunlin_options_new(NULL);
}

struct attempt {
    const char *path;
    uint32_t n_threads;
    int works;
};

static void *attempt(void *user) {
    struct attempt *attempt = user;
    atomic_store(&is_armed, 1);
    attempt->works = load_and_run(attempt->path, attempt->n_threads);
    atomic_store(&is_armed, 0);
    return NULL;
}

static void starve(const char *path, uint32_t n_threads, enum mode how, long first, long most) {
    static float expected[MAX_OUTPUT];
    long n = first, n_refusals = 0, before = 0;
    atomic_store(&mode, how);
    load_and_run(path, n_threads);
    memcpy(expected, output_data, sizeof expected);
    for (; n < first + most && n_wrong < 20; n++) {
        atomic_store(&n_calls, 0);
        atomic_store(&n_failed, 0);
        atomic_store(&fail_at, n);
        struct attempt now = {path, n_threads, 0};
        pthread_t thread;
        if (!is_anywhere()) {
            attempt(&now);
        } else if (pthread_create(&thread, NULL, attempt, &now) == 0) {
            pthread_join(thread, NULL);
        }
        int works = now.works;
        if (atomic_load(&n_failed) == 0) {
            break;
        }
        n_refusals += !works;
        if (works && memcmp(output_data, expected, sizeof output_data) != 0) {
            printf("call %ld failed (%s), and the answer is wrong\n", n, MODE_NAMES[how]);
            n_wrong++;
        }
        if (n % 8 == 0 || n == first + 1) {
            expect_right(path, n_threads, expected);
        }
        if (n == first + 1) {
            before = atomic_load(&n_blocks);
        }
    }
    expect_right(path, n_threads, expected);
    long n_left = atomic_load(&n_blocks) - before;
    if (n_left > 0) {
        printf("%ld blocks are left behind\n", n_left);
        n_wrong++;
    }
    printf("%s, %u threads, %s: %ld calls failed, %ld times that was a status\n", path, (unsigned)n_threads, MODE_NAMES[how],
        n - first, n_refusals);
}

int main(int argc, char **argv) {
    if (argc < 5 || argc % 2 == 0) {
        fprintf(stderr, "usage: scarce FIRST MOST THREADS MODEL...\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    void *code = dlsym(RTLD_DEFAULT, "dunlin_version");
    dl_iterate_phdr(find_code, code);
    for (int i = 0; i < MAX_INPUT; i++) {
        input_data[i] = (float)(i % 29) / 29.0f;
    }
    for (int i = 3; i + 1 < argc; i += 2) {
        for (enum mode how = ONCE; how < N_MODES; how++) {
            starve(argv[i + 1], (uint32_t)atoi(argv[i]), how, atol(argv[1]), atol(argv[2]));
        }
    }
    printf("%d of the calls answered wrongly\n", n_wrong);
    return n_wrong > 0;
}
