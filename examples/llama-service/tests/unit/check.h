// The few checks that the unit tests need; a failed one prints where and what.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>

namespace check {

inline int failures = 0;

template <typename Left, typename Right>
void equal(const Left & got, const Right & expected, const char * file, int line) {
    if (!(got == expected)) {
        ++failures;
        std::cerr << file << ":" << line << ": expected: " << expected << "\n"
                  << "    got: " << got << "\n";
    }
}

// Runs `action`, which must throw `Error` with a message that contains `part`.
template <typename Error, typename Action>
void throws(Action action, const std::string & part, const char * file, int line) {
    std::string outcome = "nothing was thrown";
    try {
        action();
    } catch (const Error & error) {
        outcome = error.what();
        if (outcome.find(part) != std::string::npos) {
            return;
        }
    }
    ++failures;
    std::cerr << file << ":" << line << ": expected an error with: " << part << "\n"
              << "    got: " << outcome << "\n";
}

inline int verdict() { return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE; }

} // namespace check

#define CHECK_EQUAL(got, expected) check::equal((got), (expected), __FILE__, __LINE__)
#define CHECK_THROWS(type, part, ...) \
    check::throws<type>([&] { (void) (__VA_ARGS__); }, (part), __FILE__, __LINE__)
