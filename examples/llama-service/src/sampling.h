// How the next token is chosen, and how far a caller's wishes are followed.
#pragma once

#include <cstdint>

struct Sampling {
    double temperature = 0.0; // 0 takes the likeliest token
    double top_p       = 1.0; // the share of probability that is sampled from
    int    max_tokens  = 128; // of the answer
    uint32_t seed      = 0;
};

// What `wanted` becomes when `room` tokens of the context are free: each value is moved to
// the nearest one that the engine can use; NaN takes the default.
Sampling clamp_sampling(const Sampling & wanted, int room);
