// Loads a model that lies encrypted on the disk: a reader decrypts it on the way into memory, and nothing else ever sees it. The first
// argument is encrypted into the second one before.
//
//   c++ -std=c++17 examples/cpp/encrypted.cpp -Iinclude -Ltarget/debug -ldunlin -o encrypted
//   LD_LIBRARY_PATH=target/debug ./encrypted examples/digits/digits.onnx digits.encrypted
//
// ChaCha20 as RFC 8439 has it. It hides a model; it does not show whether somebody has changed it: for that, add Poly1305.
#include <cstdio>
#include <fstream>
#include <string>

#include "dunlin.hpp"

using Words = std::array<std::uint32_t, 16>;

// The constant, a key of 8 words, the number of the block, a nonce of 3 words.
constexpr Words secret{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0x65732061, 0x74657263, 0x20666f20, 0x72696874, 0x742d7974,
    0x6c206f77, 0x65747465, 0x21217372, 0, 0x69676964, 0x202c7374, 0x31206f6e};

static void quarter(std::uint32_t &a, std::uint32_t &b, std::uint32_t &c, std::uint32_t &d) {
    const auto turn = [](std::uint32_t x, int n) { return x << n | x >> (32 - n); };
    a += b, d = turn(d ^ a, 16), c += d, b = turn(b ^ c, 12);
    a += b, d = turn(d ^ a, 8), c += d, b = turn(b ^ c, 7);
}

// The 64 bytes that block `number` of a text is mixed with.
static Words block(std::uint32_t number) {
    Words start = secret;
    start[12] = number;
    Words s = start;
    for (int round = 0; round < 10; round++) {
        for (std::size_t i = 0; i < 4; i++) {
            quarter(s[i], s[4 + i], s[8 + i], s[12 + i]);
        }
        for (std::size_t i = 0; i < 4; i++) {
            quarter(s[i], s[4 + (i + 1) % 4], s[8 + (i + 2) % 4], s[12 + (i + 3) % 4]);
        }
    }
    for (std::size_t i = 0; i < 16; i++) {
        s[i] += start[i];
    }
    return s;
}

// Encrypts or decrypts the bytes of a text from byte `offset` on.
static void chacha20(std::uint64_t offset, dunlin::span<std::byte> text) {
    Words mix{};
    for (std::size_t at = 0; at < text.size(); at++) {
        const std::uint64_t place = offset + at;
        if (at == 0 || place % 64 == 0) {
            mix = block(1 + static_cast<std::uint32_t>(place / 64));
        }
        text[at] ^= static_cast<std::byte>(mix[place % 64 / 4] >> 8 * (place % 4) & 255);
    }
}

int main(int argc, char **argv) try {
    if (argc != 3) {
        throw std::runtime_error("usage: encrypted MODEL ENCRYPTED");
    }
    std::ifstream plain(argv[1], std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(plain), {});
    chacha20(0, {reinterpret_cast<std::byte *>(bytes.data()), bytes.size()});
    std::ofstream(argv[2], std::ios::binary) << bytes;

    std::ifstream file(argv[2], std::ios::binary);
    const auto decrypt = [&file](std::uint64_t offset, dunlin::span<std::byte> buffer) {
        file.seekg(static_cast<std::streamoff>(offset));
        if (!file.read(reinterpret_cast<char *>(buffer.data()), static_cast<std::streamsize>(buffer.size()))) {
            throw std::runtime_error("the file ends early");
        }
        chacha20(offset, buffer);
        return static_cast<std::int64_t>(buffer.size());
    };
    const dunlin::Model model = dunlin::Model::load_reader(bytes.size(), decrypt);
    std::printf("decrypted: a model of %s\n", model.input(0).type_text);
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
