#include "check.h"
#include "sampling.h"

#include <cmath>
#include <limits>

namespace {

Sampling clamped(double temperature, double top_p, int max_tokens, int room) {
    Sampling wanted;
    wanted.temperature = temperature;
    wanted.top_p       = top_p;
    wanted.max_tokens  = max_tokens;
    return clamp_sampling(wanted, room);
}

} // namespace

int main() {
    const double infinity = std::numeric_limits<double>::infinity();

    CHECK_EQUAL(clamped(0.7, 0.9, 512, 4096).temperature, 0.7);
    CHECK_EQUAL(clamped(0.7, 0.9, 512, 4096).top_p, 0.9);
    CHECK_EQUAL(clamped(0.7, 0.9, 512, 4096).max_tokens, 512);

    CHECK_EQUAL(clamped(-1.0, 0.9, 1, 1).temperature, 0.0);
    CHECK_EQUAL(clamped(infinity, 0.9, 1, 1).temperature, 2.0);
    CHECK_EQUAL(clamped(std::nan(""), 0.9, 1, 1).temperature, 0.0);

    CHECK_EQUAL(clamped(0.0, 0.0, 1, 1).top_p, 0.01);
    CHECK_EQUAL(clamped(0.0, 3.0, 1, 1).top_p, 1.0);
    CHECK_EQUAL(clamped(0.0, std::nan(""), 1, 1).top_p, 1.0);

    CHECK_EQUAL(clamped(0.0, 1.0, 512, 100).max_tokens, 100);
    CHECK_EQUAL(clamped(0.0, 1.0, -5, 100).max_tokens, 0);
    CHECK_EQUAL(clamped(0.0, 1.0, 512, -3).max_tokens, 0);

    Sampling seeded;
    seeded.seed = 42;
    CHECK_EQUAL(clamp_sampling(seeded, 10).seed, 42u);
    return check::verdict();
}
