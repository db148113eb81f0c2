// Says when somebody speaks in a sound, piece by piece as it would come from a microphone: a session keeps the model's state.
//
//   c++ -std=c++17 examples/cpp/voice_activity.cpp -Iinclude -Ltarget/debug -ldunlin -o voice_activity
//   LD_LIBRARY_PATH=target/debug ./voice_activity ~/.cache/dunlin/models/silero_vad.onnx examples/sounds/words.wav
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>

#include "dunlin.hpp"

constexpr std::size_t rate = 16000, piece = 512, before = 64;

// Opens a WAV of 16-bit samples, one channel, 16 kHz, whose header has the usual 44 bytes.
static std::ifstream open_sound(const char *path) {
    std::ifstream file(path, std::ios::binary);
    std::string header(44, '\0');
    file.read(header.data(), 44);
    const std::string mono_16_khz{1, 0, 1, 0, static_cast<char>(rate & 255), static_cast<char>(rate >> 8), 0, 0};
    if (!file || header.compare(0, 4, "RIFF") != 0 || header.compare(20, 8, mono_16_khz) != 0) {
        throw std::runtime_error(std::string(path) + " is no such WAV");
    }
    return file;
}

int main(int argc, char **argv) try {
    if (argc != 3) {
        throw std::runtime_error("usage: voice_activity MODEL SOUND.wav");
    }
    std::ifstream file = open_sound(argv[2]);
    dunlin::Options options = dunlin::Options::create();
    options.set_threads(1);
    options.add_state("state", "stateN");
    const dunlin::Model model = dunlin::Model::load(argv[1], options);
    dunlin::Session session = dunlin::Session::create(model);
    // The model reads the end of the last piece again, and begins with a state of zeros.
    session.set_state("state", dunlin::Value::tensor({2, 1, 128}, std::array<float, 256>{}));
    const dunlin::Value rate_value = dunlin::Value::scalar(static_cast<std::int64_t>(rate));
    std::array<float, before + piece> samples{};

    std::array<char, 2 * piece> bytes{};
    bool is_speech = false;
    for (std::size_t n = 0; file.read(bytes.data(), bytes.size()); n++) {
        std::copy(samples.end() - before, samples.end(), samples.begin());
        for (std::size_t i = 0; i < piece; i++) {
            const int low = static_cast<unsigned char>(bytes[2 * i]), high = static_cast<signed char>(bytes[2 * i + 1]);
            samples[before + i] = static_cast<float>(low + 256 * high) / 32768.0f;
        }
        const dunlin::Value sound = dunlin::Value::tensor({1, before + piece}, samples);
        std::array<float, 1> speech{};
        session.run_into(dunlin::Inputs::named({"input", "sr"}, {sound, rate_value}), {dunlin::into("output", speech)});
        if (is_speech ? speech[0] < 0.35f : speech[0] > 0.5f) {
            is_speech = !is_speech;
            const double seconds = static_cast<double>(n * piece) / static_cast<double>(rate);
            std::printf("%s at %.2f s (%.2f)\n", is_speech ? "speech" : "silence", seconds, speech[0]);
        }
    }
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
