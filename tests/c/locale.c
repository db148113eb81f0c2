/* A host with a decimal comma, in the whole process and in one thread: nothing that Dunlin reads, computes or writes changes. Makes
 * the locale in the folder that it is given if the system has none. */
#define _GNU_SOURCE
#include <locale.h>
#include <stdlib.h>

#include "expect.h"

/* The computed bits and the text of the model's report. */
static void look(const char *path, float *scores, char *text, size_t room) {
    dunlin_model *model = NULL;
    dunlin_report *report = NULL;
    expect(load(path, 2, &model), DUNLIN_OK, "load");
    expect(classify_level(model, 1.0f, scores), DUNLIN_OK, "run");
    expect(dunlin_model_report(model, &report), DUNLIN_OK, "report");
    snprintf(text, room, "%s", dunlin_report_json(report));
    dunlin_report_free(report);
    dunlin_model_free(model);
}

int main(int argc, char **argv) {
    static char plain[4096], text[4096], command[512];
    float scores[N_SCORES], again[N_SCORES];
    if (argc != 3) {
        return 2;
    }
    look(argv[1], scores, plain, sizeof plain);
    const char *name = "de_DE.UTF-8";
    if (setlocale(LC_ALL, name) == NULL) {
        snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1", argv[2]);
        setenv("LOCPATH", argv[2], 1);
        name = system(command) == 0 && setlocale(LC_ALL, name) != NULL ? name : setlocale(LC_ALL, "C.UTF-8");
    }
    printf("locale %s writes %.1f\n", name ? name : "C", 0.5);
    look(argv[1], again, text, sizeof text);
    expect_true(memcmp(scores, again, sizeof scores) == 0, "another result in another locale");
    expect_true(strcmp(plain, text) == 0, "another report in another locale");

    setlocale(LC_ALL, "C");
    const locale_t own = newlocale(LC_ALL_MASK, name ? name : "C", (locale_t)0);
    if (own != (locale_t)0) {
        uselocale(own);
        look(argv[1], again, text, sizeof text);
        expect_true(memcmp(scores, again, sizeof scores) == 0 && strcmp(plain, text) == 0, "a thread's own locale");
        expect_true(uselocale((locale_t)0) == own, "the thread's locale has changed");
        uselocale(LC_GLOBAL_LOCALE);
        freelocale(own);
    }
    return verdict();
}
