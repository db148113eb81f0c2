// Runs a scenario as tests/c/scenario.c does, and in the same words, through the C++ header: PLAN ANSWERS.
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "dunlin.hpp"

namespace {

struct Scenario {
    dunlin::Options options = dunlin::Options::create();
    dunlin::Model model;
    dunlin::Session session;
    std::vector<std::string> names;
    std::vector<dunlin::Value> inputs;
};

template <class T>
T next(std::istream &plan) {
    T item{};
    if (!(plan >> item)) {
        throw std::runtime_error("the plan ends too early");
    }
    return item;
}

void refuse(const dunlin::Error &error, std::ostream &answers) {
    const std::string message = error.what();
    answers << "error " << dunlin_status_name(error.status()) << ' ' << message.size() << '\n' << message << '\n';
}

std::size_t product(const std::vector<std::size_t> &dims) {
    std::size_t n = 1;
    for (const std::size_t size : dims) {
        n *= size;
    }
    return n;
}

void read_input(Scenario &scenario, std::istream &plan) {
    scenario.names.push_back(next<std::string>(plan));
    const auto dtype = static_cast<dunlin::DType>(next<int>(plan));
    std::vector<std::size_t> dims(next<std::size_t>(plan));
    for (std::size_t &size : dims) {
        size = next<std::size_t>(plan);
    }
    std::string bytes(next<std::size_t>(plan), '\0');
    plan.get();
    plan.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (dtype != DUNLIN_STRING) {
        scenario.inputs.push_back(dunlin::Value::tensor_of(dtype, dims, bytes.data(), bytes.size()));
        return;
    }
    std::vector<std::string_view> texts;
    const char *text = bytes.data();
    for (std::size_t n = product(dims); texts.size() < n; text += texts.back().size() + 1) {
        texts.emplace_back(text);
    }
    scenario.inputs.push_back(dunlin::Value::strings(dims, texts));
}

void write_output(const char *name, const dunlin::Value &value, std::ostream &answers) {
    const std::vector<std::size_t> dims = value.dims();
    answers << "output " << name << ' ' << value.dtype() << ' ' << dims.size();
    for (const std::size_t size : dims) {
        answers << ' ' << size;
    }
    std::string bytes;
    if (value.dtype() == DUNLIN_STRING) {
        for (std::size_t i = 0; i < product(dims); i++) {
            bytes.append(value.string(i)).push_back('\0');
        }
    } else {
        const dunlin::span<const std::byte> data = value.bytes();
        bytes.assign(reinterpret_cast<const char *>(data.data()), data.size());
    }
    answers << ' ' << bytes.size() << '\n' << bytes << '\n';
}

void run(Scenario &scenario, std::ostream &answers) {
    std::vector<const char *> names;
    for (const std::string &name : scenario.names) {
        names.push_back(name.c_str());
    }
    const std::vector<dunlin::Input> values(scenario.inputs.begin(), scenario.inputs.end());
    const dunlin::Inputs inputs = dunlin::Inputs::named(names, values);
    std::vector<dunlin::Value> outputs(scenario.model.output_count());
    answers << "step\n";
    try {
        if (scenario.session) {
            scenario.session.run_to(inputs, outputs);
        } else {
            scenario.model.run_to(inputs, outputs);
        }
        for (std::size_t i = 0; i < outputs.size(); i++) {
            write_output(scenario.model.output(i).name, outputs[i], answers);
        }
    } catch (const dunlin::Error &error) {
        refuse(error, answers);
    }
    scenario.names.clear();
    scenario.inputs.clear();
}

void follow(std::istream &plan, std::ostream &answers) {
    Scenario scenario;
    for (std::string what; plan >> what;) {
        if (what == "threads") {
            scenario.options.set_threads(next<std::size_t>(plan));
        } else if (what == "state") {
            const auto input = next<std::string>(plan), output = next<std::string>(plan);
            scenario.options.add_state(input, output);
        } else if (what == "model") {
            scenario.model = dunlin::Model::load(next<std::string>(plan), scenario.options);
        } else if (what == "session") {
            scenario.session = dunlin::Session::create(scenario.model);
        } else if (what == "input") {
            read_input(scenario, plan);
        } else if (what == "run") {
            run(scenario, answers);
        } else {
            throw std::runtime_error(what + " is no word of a plan");
        }
    }
}

}  // namespace

int main(int argc, char **argv) try {
    if (argc != 3) {
        throw std::runtime_error("usage: scenario PLAN ANSWERS");
    }
    std::ifstream plan(argv[1], std::ios::binary);
    std::ofstream answers(argv[2], std::ios::binary);
    answers << "isa " << dunlin_instruction_set() << '\n';
    try {
        follow(plan, answers);
    } catch (const dunlin::Error &error) {
        refuse(error, answers);
    }
    return answers.flush() ? 0 : 1;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
