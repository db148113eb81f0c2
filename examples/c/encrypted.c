/* Loads a model that lies encrypted on the disk: a reader decrypts it on the way into memory, and nothing else ever sees it. The first
 * argument is encrypted into the second one before.
 *
 *   cc -std=c11 examples/c/encrypted.c -Iinclude -Ltarget/debug -ldunlin -o encrypted
 *   LD_LIBRARY_PATH=target/debug ./encrypted examples/digits/digits.onnx digits.encrypted
 *
 * ChaCha20 as RFC 8439 has it. It hides a model; it does not show whether somebody has changed it: for that, add Poly1305.
 */
#include <stdint.h>
#include <stdio.h>

#include "dunlin.h"

static const unsigned char key[32] = "a secret of thirty-two letters!!";
static const unsigned char nonce[12] = "digits, no 1";

static uint32_t word(const unsigned char *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint32_t turn(uint32_t x, int n) { return x << n | x >> (32 - n); }

static void quarter(uint32_t *s, int a, int b, int c, int d) {
    s[a] += s[b], s[d] = turn(s[d] ^ s[a], 16), s[c] += s[d], s[b] = turn(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = turn(s[d] ^ s[a], 8), s[c] += s[d], s[b] = turn(s[b] ^ s[c], 7);
}

/* Encrypts or decrypts the bytes of a text from byte `offset` on; its first block has the number `first`. */
static void chacha20(const unsigned char *k, const unsigned char *n, uint32_t first, uint64_t offset, unsigned char *text, size_t length) {
    uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, mixed[16];
    for (int i = 0; i < 11; i++) {
        start[i < 8 ? 4 + i : 5 + i] = word(i < 8 ? k + 4 * i : n + 4 * (i - 8));
    }
    for (size_t at = 0; at < length; at++) {
        const uint64_t place = offset + at;
        if (at == 0 || place % 64 == 0) {
            start[12] = first + (uint32_t)(place / 64);
            for (int i = 0; i < 16; i++) {
                mixed[i] = start[i];
            }
            for (int round = 0; round < 10; round++) {
                for (int i = 0; i < 4; i++) {
                    quarter(mixed, i, 4 + i, 8 + i, 12 + i);
                }
                for (int i = 0; i < 4; i++) {
                    quarter(mixed, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
                }
            }
        }
        const size_t i = place % 64 / 4;
        text[at] ^= (unsigned char)((mixed[i] + start[i]) >> 8 * (place % 4));
    }
}

/* Dunlin asks for bytes of the model. */
static int64_t decrypt(void *user, uint64_t offset, void *buffer, size_t n_bytes) {
    if (fseek(user, (long)offset, SEEK_SET) != 0) {
        return -1;
    }
    const size_t n = fread(buffer, 1, n_bytes, user);
    chacha20(key, nonce, 1, offset, buffer, n);
    return n > 0 ? (int64_t)n : -1;
}

int main(int argc, char **argv) {
    FILE *plain = argc == 3 ? fopen(argv[1], "rb") : NULL, *file = argc == 3 ? fopen(argv[2], "wb+") : NULL;
    unsigned char bytes[4096];
    uint64_t n_bytes = 0;
    if (plain == NULL || file == NULL) {
        fprintf(stderr, "usage: encrypted MODEL ENCRYPTED\n");
        return 2;
    }
    for (size_t n = fread(bytes, 1, sizeof bytes, plain); n > 0; n = fread(bytes, 1, sizeof bytes, plain)) {
        chacha20(key, nonce, 1, n_bytes, bytes, n);
        n_bytes += fwrite(bytes, 1, n, file);
    }
    fclose(plain);

    dunlin_model *model = NULL;
    printf("as it lies there: %s\n", dunlin_status_name(dunlin_model_load(argv[2], DUNLIN_NUL_TERMINATED, NULL, &model)));
    if (dunlin_model_load_reader(n_bytes, decrypt, file, NULL, &model) != DUNLIN_OK) {
        fprintf(stderr, "load: %s\n", dunlin_last_error());
        return 1;
    }
    dunlin_port input = {0};
    input.size = sizeof input;
    if (dunlin_model_input(model, 0, &input) == DUNLIN_OK) {
        printf("decrypted: a model of %s\n", input.type_text);
    }
    dunlin_model_free(model);
    fclose(file);
    return 0;
}
