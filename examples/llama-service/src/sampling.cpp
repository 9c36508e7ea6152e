#include "sampling.h"

#include <algorithm>
#include <cmath>

namespace {

constexpr double max_temperature = 2.0;
constexpr double min_top_p       = 0.01; // 0 would leave no token to choose

double within(double value, double low, double high, double otherwise) {
    return std::isnan(value) ? otherwise : std::clamp(value, low, high);
}

} // namespace

Sampling clamp_sampling(const Sampling & wanted, int room) {
    const Sampling defaults;
    Sampling result = wanted;
    result.temperature = within(wanted.temperature, 0.0, max_temperature, defaults.temperature);
    result.top_p       = within(wanted.top_p, min_top_p, 1.0, defaults.top_p);
    result.max_tokens  = std::clamp(wanted.max_tokens, 0, std::max(room, 0));
    return result;
}
