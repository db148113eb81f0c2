// Finds objects in a picture with a YOLOv8 detector, whose output has a column of [x, y, width, height, score of each class] per box.
//
//   c++ -std=c++17 examples/cpp/detect.cpp -Iinclude -Ltarget/debug -ldunlin -o detect
//   LD_LIBRARY_PATH=target/debug ./detect ~/.cache/dunlin/models/yolov8n_320.onnx examples/pictures/astronaut.ppm
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>

#include "dunlin.hpp"

constexpr std::size_t side = 320;

struct Box {
    float left, top, right, bottom, score;
    std::size_t object;
};

// Reads a PPM into the top left of a square, scaled to fit; returns how many pixels became one.
static float read_picture(const char *path, std::vector<float> &pixels) {
    std::ifstream file(path, std::ios::binary);
    std::string magic;
    std::size_t width = 0, height = 0, most = 0;
    file >> magic >> width >> height >> most;
    file.get();
    if (!file || magic != "P6" || most != 255 || width > 4096 || height > 4096) {
        throw std::runtime_error(std::string(path) + " is no PPM of 8 bits");
    }
    std::vector<char> bytes(3 * width * height);
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    const std::size_t longest = std::max(width, height);
    for (std::size_t i = 0; i < side * side; i++) {
        const std::size_t x = i % side * longest / side, y = i / side * longest / side;
        for (std::size_t c = 0; c < 3 && x < width && y < height; c++) {
            const auto byte = static_cast<unsigned char>(bytes[(y * width + x) * 3 + c]);
            pixels[c * side * side + i] = static_cast<float>(byte) / 255.0f;
        }
    }
    return static_cast<float>(longest) / side;
}

static float area(const Box &box) { return std::max(box.right - box.left, 0.0f) * std::max(box.bottom - box.top, 0.0f); }

// Whether two boxes share more than half of what they cover together.
static bool overlap(const Box &a, const Box &b) {
    const Box both{std::max(a.left, b.left), std::max(a.top, b.top), std::min(a.right, b.right), std::min(a.bottom, b.bottom), 0, 0};
    return area(both) > (area(a) + area(b) - area(both)) / 2;
}

int main(int argc, char **argv) try {
    if (argc != 3) {
        throw std::runtime_error("usage: detect MODEL PICTURE.ppm");
    }
    std::vector<float> pixels(3 * side * side);
    const float scale = read_picture(argv[2], pixels);
    const dunlin::Model model = dunlin::Model::load(argv[1]);
    const dunlin::Value output = model.run({dunlin::Value::borrow({1, 3, side, side}, pixels)});
    const auto at = output.data<float>();
    std::array<std::size_t, 3> sizes{};
    output.dims(sizes);

    std::vector<Box> boxes;
    for (std::size_t i = 0, n = sizes[2]; i < n; i++) {
        const float x = at[i] * scale, y = at[n + i] * scale, width = at[2 * n + i] * scale, height = at[3 * n + i] * scale;
        Box box{x - width / 2, y - height / 2, x + width / 2, y + height / 2, 0.3f, 0};
        for (std::size_t c = 4; c < sizes[1]; c++) {
            if (at[c * n + i] > box.score) {
                box.score = at[c * n + i];
                box.object = c - 3;
            }
        }
        if (box.object > 0) {
            boxes.push_back(box);
        }
    }
    std::stable_sort(boxes.begin(), boxes.end(), [](const Box &a, const Box &b) { return a.score > b.score; });
    std::vector<Box> found;
    for (const Box &box : boxes) {
        if (std::none_of(found.begin(), found.end(), [&box](const Box &other) { return overlap(box, other); })) {
            found.push_back(box);
            std::printf("class %zu from %.0f, %.0f to %.0f, %.0f: %.1f %%\n", box.object - 1, box.left, box.top, box.right,
                box.bottom, 100.0f * box.score);
        }
    }
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
