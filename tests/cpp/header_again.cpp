// The second file of the program of header.cpp: the header's functions must not be defined twice.
#include "dunlin.hpp"

int header_again(const char *path);

int header_again(const char *path) {
#ifdef DUNLIN_NO_EXCEPTIONS
    const auto model = dunlin::Model::load(path);
    return model.ok() ? 0 : 1;
#else
    return dunlin::Model::load(path) ? 0 : 1;
#endif
}
