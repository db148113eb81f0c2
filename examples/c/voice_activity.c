/* Says when somebody speaks in a sound, piece by piece as it would come from a microphone: a session keeps the model's state.
 *
 *   cc -std=c11 examples/c/voice_activity.c -Iinclude -Ltarget/debug -ldunlin -o voice_activity
 *   LD_LIBRARY_PATH=target/debug ./voice_activity ~/.cache/dunlin/models/silero_vad.onnx examples/sounds/words.wav
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dunlin.h"

enum { RATE = 16000, PIECE = 512, BEFORE = 64 };

static void check(int works, const char *what) {
    if (!works) {
        const char *why = dunlin_last_error();
        fprintf(stderr, "%s: %s\n", what, why != NULL ? why : "failed");
        exit(1);
    }
}

/* Opens a WAV of 16-bit samples, one channel, 16 kHz, whose header has the usual 44 bytes. */
static FILE *open_sound(const char *path) {
    unsigned char header[44];
    FILE *file = fopen(path, "rb");
    check(file != NULL && fread(header, 1, sizeof header, file) == sizeof header, path);
    const unsigned char mono_16_khz[] = {1, 0, 1, 0, RATE & 255, RATE >> 8, 0, 0};
    check(memcmp(header, "RIFF", 4) == 0 && memcmp(header + 20, mono_16_khz, sizeof mono_16_khz) == 0, path);
    return file;
}

int main(int argc, char **argv) {
    check(argc == 3, "usage: voice_activity MODEL SOUND.wav");
    FILE *file = open_sound(argv[2]);
    dunlin_options *options = NULL;
    dunlin_model *model = NULL;
    dunlin_session *session = NULL;
    check(dunlin_options_new(&options) == DUNLIN_OK, "options");
    check(dunlin_options_set_threads(options, 1) == DUNLIN_OK, "threads");
    check(dunlin_options_add_state(options, "state", 5, "stateN", 6) == DUNLIN_OK, "state");
    check(dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, options, &model) == DUNLIN_OK, "load");
    check(dunlin_session_new(model, &session) == DUNLIN_OK, "session");

    /* The model reads the end of the last piece again, and begins with a state of zeros. */
    static float samples[BEFORE + PIECE];
    static const float zeros[2 * 128];
    const int64_t rate = RATE;
    const size_t sound_dims[] = {1, BEFORE + PIECE}, state_dims[] = {2, 1, 128};
    dunlin_value *state = NULL, *rate_value = NULL;
    check(dunlin_value_new_tensor(DUNLIN_FLOAT32, state_dims, 3, zeros, sizeof zeros, &state) == DUNLIN_OK, "state");
    check(dunlin_value_new_tensor(DUNLIN_INT64, NULL, 0, &rate, sizeof rate, &rate_value) == DUNLIN_OK, "rate");
    check(dunlin_session_set_state(session, "state", 5, state) == DUNLIN_OK, "state");

    unsigned char bytes[2 * PIECE];
    int is_speech = 0;
    for (int piece = 0; fread(bytes, 2, PIECE, file) == PIECE; piece++) {
        memmove(samples, samples + PIECE, BEFORE * sizeof *samples);
        for (int i = 0; i < PIECE; i++) {
            samples[BEFORE + i] = (float)(int16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8) / 32768.0f;
        }
        float speech = 0;
        dunlin_value *sound = NULL;
        dunlin_output output = {sizeof output, "output", &speech, sizeof speech};
        check(dunlin_value_new_tensor(DUNLIN_FLOAT32, sound_dims, 2, samples, sizeof samples, &sound) == DUNLIN_OK, "sound");
        const char *names[] = {"input", "sr"};
        const dunlin_value *inputs[] = {sound, rate_value};
        check(dunlin_session_run_into(session, names, inputs, 2, NULL, &output, 1, NULL) == DUNLIN_OK, "run");
        dunlin_value_free(sound);
        if (is_speech ? speech < 0.35f : speech > 0.5f) {
            is_speech = !is_speech;
            printf("%s at %.2f s (%.2f)\n", is_speech ? "speech" : "silence", (double)piece * PIECE / RATE, speech);
        }
    }
    fclose(file);
    dunlin_value_free(state);
    dunlin_value_free(rate_value);
    dunlin_session_free(session);
    dunlin_model_free(model);
    dunlin_options_free(options);
    return 0;
}
